// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What this machine's apt knows: where Debian's archive is mirrored, through which proxy, and how
// strictly expired indexes are judged. Nothing is hard-coded and nothing is changed.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "project/project.h"

typedef struct {
	char *mirror;      // base URI of the archive without slash at its end
	char *mirror_from; // what named it: "/etc/apt/sources.list:3", "the definition"
	char *keyring;     // absolute path
	bool check_valid_until;
	bool check_date;     // refuse a Release from the future
	int64_t future_s;    // by more than this
	int64_t min_valid_s; // 0: not set
	int64_t max_valid_s; // 0: not set
	int retries;         // after the first attempt
	int timeout_s;       // of silence
	char *http_proxy;    // URI, "" to use none, NULL: curl's own rules (environment)
	char *https_proxy;
} StrakeAptConfig;

/**
 * strake_apt_config_load: runs apt-config and reads the lists that it names; what @upstream sets
 * itself comes first, and a machine without apt is fine then.
 * Errors: NOT_FOUND when no mirror or no keyring is known, with what to write where.
 */
StrakeAptConfig *strake_apt_config_load(
	const StrakeUpstream *upstream, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_apt_config_free(StrakeAptConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeAptConfig, strake_apt_config_free)

/** strake_apt_dump_parse: the output of "apt-config dump": lower-case key -> value, the last one
 * of doubled keys. */
GHashTable *strake_apt_dump_parse(const char *text);
