// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The text of lock files, ours and azldev's, without the disk.
// Format: docs/definitions.md, "Fingerprints and locks".
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

/** Strings may be NULL: not known, or a local component. */
typedef struct {
	char *name;
	StrakeOrigin at;
	char *import_commit; // where the component began; never changed once set
	char *upstream_commit;
	int manual_bump;
	char *input_fingerprint;
	char *resolution_input_hash; // of what was asked of upstream
	GPtrArray *inputs; // of StrakeNameValue: the parts, sorted; empty in azldev's files
} StrakeComponentLock;

/** strake_component_lock_copy: with all it refers to; free with strake_component_lock_free. */
StrakeComponentLock *strake_component_lock_copy(const StrakeComponentLock *lock);
void strake_component_lock_free(StrakeComponentLock *lock);

typedef struct StrakeLockFile StrakeLockFile;

/**
 * strake_lock_file_parse: @take_bytes: consumed; @file: for messages
 * @component: the file is azldev's lock of this component; NULL: it is ours
 * Errors: INVALID with the place: no TOML, an unknown version or key.
 */
StrakeLockFile *strake_lock_file_parse(GBytes *take_bytes, const char *file, const char *component,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_lock_file_free(StrakeLockFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeLockFile, strake_lock_file_free)

size_t strake_lock_file_size(const StrakeLockFile *file);
/** strake_lock_file_get: number @index in the order of names; borrowed. Thread-safe. */
const StrakeComponentLock *strake_lock_file_get(const StrakeLockFile *file, size_t index);
/** strake_lock_file_find: as get; NULL: there is none. */
const StrakeComponentLock *strake_lock_file_find(const StrakeLockFile *file, const char *name);

/** strake_lock_file_format: our file of @n locks, which are in the order of their names. */
GString *strake_lock_file_format(const StrakeComponentLock *const *locks, size_t n);
/** strake_lock_file_format_azldev: the file of one component. */
GString *strake_lock_file_format_azldev(const StrakeComponentLock *lock);
