// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Source directories: nothing changes before the commit, and a commit that fails takes itself back.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "overlay/sources.h"

static void put(const StrakeTmpdir *dir, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_file_write_at(dir->fd, path, text, strlen(text), 0644, &error));
	g_assert_no_error(error);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names and contents of all files in the directory, sorted. */
static char *state(const StrakeTmpdir *dir)
{
	g_autoptr(GDir) listing = g_dir_open(dir->path, 0, NULL);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while ((name = g_dir_read_name(listing)) != NULL) {
		g_autofree char *path = g_build_filename(dir->path, name, NULL);
		g_autofree char *text = NULL;
		if (g_file_get_contents(path, &text, NULL, NULL))
			g_ptr_array_add(lines, g_strdup_printf("%s=%s", name, text));
		else
			g_ptr_array_add(lines, g_strdup_printf("%s/", name));
	}
	g_ptr_array_sort(lines, compare);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv(" ", (char **)lines->pdata);
}

static StrakeSources *edited(const StrakeTmpdir *dir)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) text = g_bytes_new_static("new", 3);
	StrakeSources *s = strake_sources_open(dir->path, &error);

	g_assert_no_error(error);
	strake_sources_remove(s, "a");
	strake_sources_write(s, "b", text);
	g_assert_true(strake_sources_rename(s, "c", "d", &error));
	g_assert_true(strake_sources_add(s, "e", text, 0755, &error));
	g_assert_no_error(error);
	return s;
}

static StrakeTmpdir *directory(void)
{
	StrakeTmpdir *dir = strake_tmpdir_new(NULL, NULL);

	g_assert_nonnull(dir);
	put(dir, "a", "1");
	put(dir, "b", "2");
	put(dir, "c", "3");
	return dir;
}

static void test_commit(void)
{
	g_autoptr(StrakeTmpdir) dir = directory();
	g_autoptr(StrakeSources) s = edited(dir);
	g_autoptr(GError) error = NULL;
	struct stat st;

	g_autofree char *before = state(dir);
	g_assert_cmpstr(before, ==, "a=1 b=2 c=3");
	g_assert_true(strake_sources_commit(s, &error));
	g_assert_no_error(error);
	g_clear_pointer(&s, strake_sources_free);
	g_autofree char *after = state(dir);
	g_assert_cmpstr(after, ==, "b=new d=3 e=new");
	g_autofree char *made = g_build_filename(dir->path, "e", NULL);
	g_assert_cmpint(stat(made, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 0777, ==, 0755);
}

static void test_dropped(void)
{
	g_autoptr(StrakeTmpdir) dir = directory();
	g_autoptr(StrakeSources) s = edited(dir);

	g_assert_true(strake_sources_stage(s, NULL));
	g_clear_pointer(&s, strake_sources_free);
	g_autofree char *after = state(dir);
	g_assert_cmpstr(after, ==, "a=1 b=2 c=3");
}

/* Someone puts a directory where a file is to go, between the listing and the commit. */
static void test_taken_back(void)
{
	static const char *const places[] = {"d", "e"};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(StrakeTmpdir) dir = directory();
		g_autoptr(StrakeSources) s = edited(dir);
		g_autoptr(GError) error = NULL;
		g_assert_cmpint(mkdirat(dir->fd, places[i], 0755), ==, 0);
		g_assert_false(strake_sources_commit(s, &error));
		g_assert_nonnull(error);
		g_clear_pointer(&s, strake_sources_free);
		g_autofree char *after = state(dir);
		g_autofree char *want = g_strdup_printf("a=1 b=2 c=3 %s/", places[i]);
		g_assert_cmpstr(after, ==, want);
	}
}

static void test_vanished(void)
{
	g_autoptr(StrakeTmpdir) dir = directory();
	g_autoptr(StrakeSources) s = edited(dir);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(unlinkat(dir->fd, "c", 0), ==, 0);
	g_assert_false(strake_sources_commit(s, &error));
	g_clear_pointer(&s, strake_sources_free);
	g_autofree char *after = state(dir);
	g_assert_cmpstr(after, ==, "a=1 b=2");
}

/* A link that takes the place of a directory after the listing is not followed. */
static void test_swapped_directory(void)
{
	g_autoptr(StrakeTmpdir) dir = directory();
	g_autoptr(StrakeTmpdir) outside = directory();
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) text = g_bytes_new_static("new", 3);

	g_assert_cmpint(mkdirat(dir->fd, "sub", 0755), ==, 0);
	put(dir, "sub/a", "1");
	g_autoptr(StrakeSources) s = strake_sources_open(dir->path, &error);
	g_assert_no_error(error);
	strake_sources_write(s, "sub/a", text);
	g_assert_cmpint(unlinkat(dir->fd, "sub/a", 0), ==, 0);
	g_assert_cmpint(unlinkat(dir->fd, "sub", AT_REMOVEDIR), ==, 0);
	g_assert_cmpint(symlinkat(outside->path, dir->fd, "sub"), ==, 0);
	g_assert_false(strake_sources_commit(s, &error));
	g_clear_pointer(&s, strake_sources_free);
	g_autofree char *after = state(outside);
	g_assert_cmpstr(after, ==, "a=1 b=2 c=3");
}

static void test_names(void)
{
	static const char *const bad[] = {
		"../x", "/x", "a/x", "none/x", ".git/x", "x/../y", "", ".strake-stage-1", "a"};
	g_autoptr(StrakeTmpdir) dir = directory();
	g_autoptr(StrakeSources) s = strake_sources_open(dir->path, NULL);
	g_autoptr(GBytes) text = g_bytes_new_static("new", 3);

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("%s", bad[i]);
		g_assert_false(strake_sources_add(s, bad[i], text, 0644, &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sources/commit", test_commit);
	g_test_add_func("/sources/dropped", test_dropped);
	g_test_add_func("/sources/taken-back", test_taken_back);
	g_test_add_func("/sources/vanished", test_vanished);
	g_test_add_func("/sources/swapped-directory", test_swapped_directory);
	g_test_add_func("/sources/names", test_names);
	return g_test_run();
}
