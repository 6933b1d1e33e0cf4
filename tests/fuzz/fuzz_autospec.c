// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release numbers and changelogs: any text as a spec, as commit messages and as a changelog file.
// What is written once has its marks and is not written twice.
#include <stdint.h>
#include <string.h>

#include "format/autospec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
	StrakeAutospecCommit commits[64] = {0};
	g_auto(StrakeAutospec) computed = {0};
	g_autofree char *once = NULL;
	g_autofree char *twice = NULL;
	g_autofree char *wrapped = strake_autospec_wrap(text);
	g_auto(GStrv) items = strake_autospec_items(text);
	size_t n = 0;

	for (; lines[n] != NULL && n < G_N_ELEMENTS(commits); n++) {
		commits[n] = (StrakeAutospecCommit){
			.message = lines[n],
			.author = lines[n / 2],
			.time_s = (int64_t)n * 86400 * (lines[n][0] == '-' ? -1 : 1),
			.epoch_version = lines[n][0] == 'n' ? NULL : "1.0",
			.has_spec = lines[n][0] != 's',
			.unimportant = lines[n][0] == 'u',
			.changelog = lines[n][0] == '*' ? lines[n] : NULL,
		};
		strake_autospec_is_unimportant(lines[n]);
	}
	strake_autospec_compute(commits, n, &computed);
	g_assert_nonnull(wrapped);
	g_assert_nonnull(items);
	once = strake_autospec_write(text, strlen(text), &computed, "0.8.4");
	twice = strake_autospec_write(once, strlen(once), &computed, "0.8.4");
	g_assert_nonnull(twice);
	return 0;
}
