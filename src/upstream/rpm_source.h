// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Where an rpm-md upstream is, made concrete: addresses without placeholders, and keys.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/project.h"
#include "store/store.h"
#include "upstream/apt_config.h"
#include "upstream/download.h"

typedef struct {
	const StrakeUpstream *upstream; // borrowed
	GPtrArray *repos; // of char **: the addresses of one repository, without slash at the end
	char *keys;       // armored blocks; NULL: none
	char *identity;   // SHA-256 of all of the above: what was checked once stays checked for it
	StrakeAptConfig net; // retries and time limits; proxies by the environment
} StrakeRpmSource;

/**
 * strake_rpm_source_new: reads the definition and the key file, nothing else.
 * Errors: NOT_FOUND (no key file), INVALID (an address that is no http, https or file; one that
 * nothing vouches for: plain http without repo-gpg-check).
 */
StrakeRpmSource *strake_rpm_source_new(const StrakeProject *project, const StrakeUpstream *upstream,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_rpm_source_free(StrakeRpmSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpmSource, strake_rpm_source_free)

/** strake_rpm_source_addresses: of repository @repo; borrowed; NULL: there are fewer. */
char **strake_rpm_source_addresses(const StrakeRpmSource *source, unsigned repo);
