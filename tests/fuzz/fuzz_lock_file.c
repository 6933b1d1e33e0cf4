// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any text as a lock file, ours and azldev's. What is read is written in our form, which reads as
// the same; and a text in our form says the same when a comment makes it go through the TOML
// reader.
#include <stdint.h>
#include <string.h>

#include "project/lock_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const StrakeLockFile *file)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	for (size_t i = 0; i < strake_lock_file_size(file); i++)
		g_ptr_array_add(all, (void *)strake_lock_file_get(file, i));
	return g_string_free(
		strake_lock_file_format((const StrakeComponentLock *const *)all->pdata, all->len),
		FALSE);
}

static StrakeLockFile *parse(const char *text, size_t size, const char *component)
{
	g_autoptr(GError) error = NULL;
	StrakeLockFile *file =
		strake_lock_file_parse(g_bytes_new(text, size), "fuzz.lock", component, &error);

	g_assert_true((file != NULL) == (error == NULL));
	return file;
}

/* The two ways to read say the same, or one is for texts that the other refuses. */
static void compare_ways(const char *text, size_t size, const char *component)
{
	g_autoptr(StrakeLockFile) file = parse(text, size, component);
	g_autofree char *commented = g_malloc(size + 2);
	g_autoptr(StrakeLockFile) slow = NULL;
	g_autofree char *one = NULL;
	g_autofree char *two = NULL;

	memcpy(commented, text, size);
	memcpy(commented + size, "\n#", 2);
	slow = parse(commented, size + 2, component);
	if (file == NULL)
		return; // an unended string or table may be ended by the newline
	g_assert_nonnull(slow);
	one = print(file);
	two = print(slow);
	g_assert_cmpstr(one, ==, two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(StrakeLockFile) file = NULL;
	g_autoptr(StrakeLockFile) again = NULL;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	compare_ways((const char *)data, size, NULL);
	compare_ways((const char *)data, size, "c");
	file = parse((const char *)data, size, NULL);
	if (file == NULL)
		return 0;
	first = print(file);
	again = parse(first, strlen(first), NULL);
	// Only digests and commits are written here, so a value that TOML would have to escape
	// may come back as an error, but never as something else.
	if (again == NULL)
		return 0;
	second = print(again);
	g_assert_cmpstr(first, ==, second);
	return 0;
}
