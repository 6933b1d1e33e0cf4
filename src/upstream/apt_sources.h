// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// apt's lists of archives as text: one-line .list files and deb822 .sources files. No files are
// read here and nothing is chosen.
// Format: sources.list(5).
#pragma once

#include <glib.h>
#include <stdbool.h>

/** One entry of type "deb"; every list is NULL-terminated and never NULL. */
typedef struct {
	char *file; // where it stands
	unsigned line;
	char **uris;
	char **suites;
	char *signed_by;       // as written, NULL: not given
	int check_valid_until; // 1, 0; -1: not given
} StrakeAptSource;

void strake_apt_source_free(StrakeAptSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeAptSource, strake_apt_source_free)

/** strake_apt_sources_add_list: appends the enabled "deb" lines of @text to @out; lines that are
 * no entry are passed over, as they are not ours to judge. */
void strake_apt_sources_add_list(const char *text, const char *file, GPtrArray *out);
/** strake_apt_sources_add_deb822: the same for the stanzas of a .sources file; reading ends at
 * the first broken stanza. */
void strake_apt_sources_add_deb822(const char *text, size_t size, const char *file, GPtrArray *out);

/**
 * strake_apt_sources_choose: the entry that is Debian's archive of releases: signed by the Debian
 * archive keyring, or with the suite @codename (NULL: unknown); those with both come first.
 * Security archives and flat ones do not count. Borrowed; NULL: none.
 */
const StrakeAptSource *strake_apt_sources_choose(const GPtrArray *sources, const char *codename);
