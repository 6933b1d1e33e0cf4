// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The ELF reader against rpm's own elfdeps, on the programs and libraries of the machine that
// runs the test; and on damaged copies.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/run.h"
#include "format/elf_file.h"

static const char *const files[] = {"/proc/self/exe", "/bin/sh", "/usr/bin/env",
	"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6",
	"/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0",
	"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
	"/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", "/usr/bin/rpm",
	"/usr/lib/x86_64-linux-gnu/libzstd.so.1"};

static int compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted_text(char **lines)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (; *lines != NULL; lines++)
		if (**lines != '\0')
			g_ptr_array_add(list, *lines);
	g_ptr_array_sort(list, compare);
	// elfdeps repeats itself; rpm drops that when it merges dependencies
	for (guint i = list->len; i > 1; i--)
		if (strcmp(list->pdata[i - 1], list->pdata[i - 2]) == 0)
			g_ptr_array_remove_index(list, i - 1);
	g_ptr_array_add(list, NULL);
	return g_strjoinv("\n", (char **)list->pdata);
}

static char *elfdeps(const char *option, const char *path)
{
	const char *argv[] = {"/usr/lib/rpm/elfdeps", option, path, NULL};
	StrakeRun run = {.argv = argv};
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!strake_run(&run, &out, &error))
		g_error("%s", error->message);
	text = g_bytes_get_size(out) > 0
		       ? g_strndup(g_bytes_get_data(out, NULL), g_bytes_get_size(out))
		       : g_strdup("");
	lines = g_strsplit(text, "\n", -1);
	return sorted_text(lines);
}

static char *ours(GPtrArray *list)
{
	g_ptr_array_add(list, NULL);
	return sorted_text((char **)list->pdata);
}

static void test_as_elfdeps(void)
{
	unsigned compared = 0;

	if (!g_file_test("/usr/lib/rpm/elfdeps", G_FILE_TEST_IS_EXECUTABLE)) {
		g_test_skip("no elfdeps on this machine");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *real = realpath(files[i], NULL);
		g_autofree char *base = real != NULL ? g_path_get_basename(real) : NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bytes = NULL;
		g_autoptr(StrakeElf) elf = NULL;
		struct stat st;

		if (real == NULL || stat(real, &st) != 0)
			continue;
		g_test_message("%s", real);
		bytes = strake_file_read_at(AT_FDCWD, real, 1 << 28, &error);
		g_assert_no_error(error);
		elf = strake_elf_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), base,
			(st.st_mode & 0111) != 0, &error);
		g_assert_no_error(error);
		{
			g_autofree char *want_provides = elfdeps("--provides", real);
			g_autofree char *want_requires = elfdeps("--requires", real);
			g_autofree char *provides = ours(elf->provides);
			g_autofree char *requires = ours(elf->requires);

			g_assert_cmpstr(provides, ==, want_provides);
			g_assert_cmpstr(requires, ==, want_requires);
		}
		compared++;
	}
	g_assert_cmpuint(compared, >=, 4);
}

static void test_damage(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, "/bin/true", 1 << 24, &error);
	gsize size;
	const uint8_t *data;

	if (bytes == NULL) {
		g_test_skip("no /bin/true");
		return;
	}
	data = g_bytes_get_data(bytes, &size);
	for (gsize cut = 0; cut < size; cut += 97) {
		g_autofree uint8_t *copy = g_memdup2(data, cut);
		g_autoptr(StrakeElf) elf = strake_elf_parse(copy, cut, "true", true, NULL);
		(void)elf;
	}
	for (gsize at = 4; at < 4096 && at < size; at++) {
		g_autofree uint8_t *copy = g_memdup2(data, size);
		g_autoptr(StrakeElf) elf = NULL;

		copy[at] ^= 0xff;
		elf = strake_elf_parse(copy, size, "true", true, NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/elf/as-elfdeps", test_as_elfdeps);
	g_test_add_func("/elf/damage", test_damage);
	return g_test_run();
}
