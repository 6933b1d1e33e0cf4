// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Source archives of a deb upstream: source-files with an origin of type "deb". The definition
// names the source package, the lock says which version and which bytes.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "format/deb_index.h"
#include "project/project.h"
#include "upstream/lock.h"

/** One archive that a component wants; free with strake_source_want_free. */
typedef struct {
	char *name; // as strake_source_pin_name has it
	char *source;
	char *glob; // NULL: the orig tarball
	char *component;
	StrakeOrigin at; // file borrowed from the project
} StrakeSourceWant;

void strake_source_want_free(StrakeSourceWant *want);

/** strake_source_pin_name: what the lock calls the archive of @file: "NAME", "NAME GLOB" with a
 * key `file`. Free with g_free. */
char *strake_source_pin_name(const StrakeSourceFile *file);

/** strake_source_wants: of all components, what comes from @upstream: an array of StrakeSourceWant
 * that frees its elements, sorted by name, each name once. */
GPtrArray *strake_source_wants(const StrakeProject *project, const StrakeUpstream *upstream,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_source_pins: the newest of each in @index, appended to @pins (StrakePin).
 * Errors: NOT_FOUND with one line for every component whose source package or file is not there.
 */
bool strake_source_pins(const GPtrArray *wants, const StrakeDebIndex *index, GPtrArray *pins,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_source_pin_for: what @lock has for @file. Errors: NOT_FOUND naming the command that moves
 * the lock; INTEGRITY when the definition pins other bytes itself.
 * @upstream: name of the lock's upstream, for messages
 */
const StrakePin *strake_source_pin_for(const StrakeUpstreamLock *lock, const char *upstream,
	const StrakeComponent *component, const StrakeSourceFile *file, GError **error);

/** strake_source_set_digest: gives source file number @i of @component a SHA-256, as if the
 * definition said so; the definition is not changed. */
void strake_source_set_digest(StrakeComponent *component, guint i, const char *sha256);

/**
 * strake_source_pin_apply: puts the digest of @pin into source file number @i of @component, as if
 * the definition said so, and adds to its build defines, of the first such file, the macros
 * upstream_version and upstream_epoch (the parts of the version as RPM has them).
 */
bool strake_source_pin_apply(StrakeComponent *component, guint i, const StrakePin *pin,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
