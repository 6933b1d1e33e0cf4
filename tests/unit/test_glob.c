// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Path globs: matching tables, refusals, and files found on disk.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"

static void test_match(void)
{
	static const struct {
		const char *pattern, *path;
		bool want;
	} rows[] = {
		{"a", "a", true},
		{"a", "ab", false},
		{"*", "abc", true},
		{"*", "a/b", false},
		{"*.toml", ".toml", true},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false},
		{"?", "\xc3\xa9", true},
		{"?", "ab", false},
		{"[a-c]x", "bx", true},
		{"[^a-c]x", "bx", false},
		{"[!a-c]x", "dx", true},
		{"[]]", "]", true},
		{"[a-]", "-", true},
		{"[\\]]", "]", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"a/**", "a", true},
		{"a/**", "a/b", true},
		{"a/**", "a/b/c", true},
		{"a/**", "ab", false},
		{"a/*", "a/b/c", false},
		{"**/c", "c", true},
		{"**/c", "a/b/c", true},
		{"**/c", "a/b/cd", false},
		{"a/**/d", "a/d", true},
		{"a/**/d", "a/b/c/d", true},
		{"a/**/b/**/c", "a/x/b/y/z/c", true},
		{"a/**/b/**/c", "a/x/y/z/c", false},
		{"**", "a/b", true},
		{"a**", "ab", true},
		{"a**", "a/b", false},
		{"{a,b}/c", "b/c", true},
		{"{a,b}/c", "c/c", false},
		{"x{,y}", "x", true},
		{"{a/b,c}/d", "a/b/d", true},
		{"{a,{b,c}}d", "cd", true},
		{"/usr/share/doc/**", "/usr/share/doc/x/y", true},
		{"/usr/share/doc/**", "usr/share/doc/x", false},
		{"\xff*",
			"\xff"
			"a",
			true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeGlob) glob = strake_glob_new(rows[i].pattern, &error);
		g_autofree char *pattern = g_strescape(rows[i].pattern, NULL);
		g_autofree char *path = g_strescape(rows[i].path, NULL);
		g_test_message("'%s' on '%s'", pattern, path);
		g_assert_no_error(error);
		g_assert_cmpint(strake_glob_match(glob, rows[i].path), ==, rows[i].want);
	}
}

static void test_refused(void)
{
	static const char *const rows[] = {"[", "[a", "[]", "{a", "a}", "a\\", "[\\", "{[}",
		"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_test_message("'%s'", rows[i]);
		g_assert_false(strake_glob_check(rows[i], &error));
		g_assert_nonnull(strstr(error->message, rows[i]));
	}
}

static void test_many_stars(void)
{
	g_autoptr(GString) pattern = g_string_new(NULL);
	g_autoptr(GString) path = g_string_new(NULL);

	for (int i = 0; i < 200; i++) {
		g_string_append(pattern, "**/a*");
		g_string_append(pattern, i < 199 ? "/" : "b");
		g_string_append(path, i < 199 ? "aaaaaaaaaa/" : "aaaaaaaaaa");
	}
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern->str, NULL);
	g_assert_nonnull(glob);
	g_assert_false(strake_glob_match(glob, path->str));
}

static void test_files(void)
{
	static const char *const made[] = {
		"a.toml", "b.txt", "d/c.toml", "d/e/f.toml", ".git/x.toml"};
	static const struct {
		const char *pattern, *want;
	} rows[] = {
		{"**/*.toml", "a.toml d/c.toml d/e/f.toml d/link.toml"},
		{"*.toml", "a.toml"},
		{"./d/*.toml", "d/c.toml d/link.toml"},
		{"d/e/../*.toml", "d/e/../c.toml d/e/../link.toml"},
		{"a.toml", "a.toml"},
		{"none.toml", ""},
		{"none/*.toml", ""},
		{"{a,d/c,a}.toml", "a.toml d/c.toml"},
		{"d", ""},
	};
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
		g_autofree char *parent = g_path_get_dirname(made[i]);
		g_assert_true(strake_path_mkdirs(dir->fd, parent, NULL));
		g_assert_true(strake_file_write_at(dir->fd, made[i], "", 0, 0644, NULL));
	}
	// A link to a file is one, a link to a directory is not entered.
	g_assert_cmpint(symlinkat("../a.toml", dir->fd, "d/link.toml"), ==, 0);
	g_assert_cmpint(symlinkat("..", dir->fd, "d/up"), ==, 0);
	g_assert_cmpint(symlinkat("nowhere", dir->fd, "d/broken.toml"), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) found = strake_glob_files(dir->path, rows[i].pattern, &error);
		g_assert_no_error(error);
		for (char **path = found; *path != NULL; path++) {
			g_assert_true(g_str_has_prefix(*path, dir->path));
			memmove(*path, *path + strlen(dir->path) + 1,
				strlen(*path) - strlen(dir->path));
		}
		g_autofree char *all = g_strjoinv(" ", found);
		g_test_message("'%s'", rows[i].pattern);
		g_assert_cmpstr(all, ==, rows[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/glob/match", test_match);
	g_test_add_func("/glob/refused", test_refused);
	g_test_add_func("/glob/many-stars", test_many_stars);
	g_test_add_func("/glob/files", test_files);
	return g_test_run();
}
