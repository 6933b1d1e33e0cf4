// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any text as a lock of a deb upstream; what parses must print to what parses to the same. The
// same text as apt's source lists and settings.
#include <stdint.h>
#include <string.h>

#include "upstream/apt_config.h"
#include "upstream/apt_sources.h"
#include "upstream/deb_verify.h"
#include "upstream/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_apt(const char *text, size_t size)
{
	g_autoptr(GPtrArray) sources =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_apt_source_free);
	g_autoptr(GHashTable) dump = strake_apt_dump_parse(text);
	g_autoptr(GError) error = NULL;

	strake_apt_sources_add_list(text, "list", sources);
	strake_apt_sources_add_deb822(text, size, "sources", sources);
	strake_apt_sources_choose(sources, "forky");
	g_assert_true(strake_deb_verify_status(text, "status", &error) == (error == NULL));
	g_assert_nonnull(dump);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeUpstreamLock) lock =
		strake_upstream_lock_parse((const char *)data, size, "fuzz.lock", &error);

	g_assert_true((lock != NULL) == (error == NULL));
	if (lock != NULL) {
		g_autofree char *first = strake_upstream_lock_format(lock);
		g_autoptr(StrakeUpstreamLock) again =
			strake_upstream_lock_parse(first, strlen(first), "again.lock", &error);
		g_autofree char *second = NULL;

		g_assert_no_error(error);
		second = strake_upstream_lock_format(again);
		g_assert_cmpstr(first, ==, second);
	}
	try_apt(text, strlen(text));
	return 0;
}
