// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The solver's golden cases, tests/golden/solve/*.test:
//
//     free text
//     REPO name [priority]     lines in libsolv's testcase form follow
//     INSTALL wish, wish...
//     EXCLUDE wish, wish...
//     RECOMMENDS
//     EXPECT                   "NEVRA: why" in order, or "error: MESSAGE"
//
// Each is solved twice and must come out the same. STRAKE_BLESS=1 rewrites what is expected.
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/solve.h"

typedef struct {
	GPtrArray *repos; // of GString: name, then text
	GArray *priorities;
	GArray *install; // of StrakeWish
	GArray *exclude;
	bool recommends;
	GString *given; // the file up to EXPECT
	GString *expect;
} Case;

static void add_wishes(GArray *list, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	for (char **part = parts; *part != NULL; part++) {
		StrakeWish wish = {g_strstrip(*part), "the test"};

		wish.what = g_intern_string(wish.what);
		g_array_append_val(list, wish);
	}
}

static void read_line(Case *c, const char *line, bool *in_expect)
{
	if (*in_expect) {
		g_string_append_printf(c->expect, "%s\n", line);
		return;
	}
	g_string_append_printf(c->given, "%s\n", line);
	if (strcmp(line, "EXPECT") == 0) {
		*in_expect = true;
	} else if (g_str_has_prefix(line, "REPO ")) {
		g_auto(GStrv) words = g_strsplit(line, " ", 3);
		int priority = words[2] != NULL ? atoi(words[2]) : 0;

		g_ptr_array_add(c->repos, g_string_new(words[1]));
		g_ptr_array_add(c->repos, g_string_new("=Ver: 3.0\n"));
		g_array_append_val(c->priorities, priority);
	} else if (g_str_has_prefix(line, "INSTALL ")) {
		add_wishes(c->install, line + strlen("INSTALL "));
	} else if (g_str_has_prefix(line, "EXCLUDE ")) {
		add_wishes(c->exclude, line + strlen("EXCLUDE "));
	} else if (strcmp(line, "RECOMMENDS") == 0) {
		c->recommends = true;
	} else if (*line == '=') {
		GString *text = g_ptr_array_index(c->repos, c->repos->len - 1);
		g_auto(GStrv) words = g_strsplit(line, " ", 0);

		g_string_append_printf(text, "%s\n", line);
		// rpm-md packages always provide themselves; this form leaves it to the writer.
		if (strcmp(words[0], "=Pkg:") == 0 && g_strv_length(words) == 5)
			g_string_append_printf(
				text, "=Prv: %s = %s-%s\n", words[1], words[2], words[3]);
	}
}

static char *solve_once(const Case *c)
{
	g_autoptr(StrakeSolver) solver = strake_solver_new(NULL);
	const StrakeSolveJob job = {
		.install = (const StrakeWish *)c->install->data,
		.n_install = c->install->len,
		.exclude = (const StrakeWish *)c->exclude->data,
		.n_exclude = c->exclude->len,
		.recommends = c->recommends,
	};
	g_autoptr(GPtrArray) packages = NULL;
	g_autoptr(GError) error = NULL;
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < c->repos->len; i += 2) {
		GString *name = g_ptr_array_index(c->repos, i);
		GString *text = g_ptr_array_index(c->repos, i + 1);

		g_assert_true(strake_solver_add_text_repo(solver, name->str, text->str,
			g_array_index(c->priorities, int, i / 2), &error));
		g_assert_no_error(error);
	}
	packages = strake_solver_solve(solver, &job, &error);
	if (packages == NULL)
		g_string_append_printf(out, "error: %s\n", error->message);
	for (guint i = 0; packages != NULL && i < packages->len; i++) {
		const StrakePackage *package = g_ptr_array_index(packages, i);
		g_string_append_printf(out, "%s: %s\n", package->nevra, package->why);
	}
	return g_string_free(out, FALSE);
}

static void free_string(void *string)
{
	g_string_free(string, TRUE);
}

static void test_file(const void *data)
{
	Case c = {
		.repos = g_ptr_array_new_with_free_func(free_string),
		.priorities = g_array_new(FALSE, FALSE, sizeof(int)),
		.install = g_array_new(FALSE, FALSE, sizeof(StrakeWish)),
		.exclude = g_array_new(FALSE, FALSE, sizeof(StrakeWish)),
		.given = g_string_new(NULL),
		.expect = g_string_new(NULL),
	};
	const char *path = data;
	g_autofree char *text = NULL;
	g_autofree char *got = NULL;
	g_autofree char *again = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GError) error = NULL;
	bool in_expect = false;

	g_assert_true(g_file_get_contents(path, &text, NULL, &error));
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		read_line(&c, *line, &in_expect);
	g_assert_true(in_expect);
	got = solve_once(&c);
	again = solve_once(&c);
	g_assert_cmpstr(got, ==, again);
	if (g_getenv("STRAKE_BLESS") != NULL) {
		g_string_append(c.given, got);
		g_assert_true(g_file_set_contents(path, c.given->str, -1, &error));
	} else {
		g_assert_cmpstr(got, ==, c.expect->str);
	}
	g_ptr_array_unref(c.repos);
	g_array_unref(c.priorities);
	g_array_unref(c.install);
	g_array_unref(c.exclude);
	g_string_free(c.given, TRUE);
	g_string_free(c.expect, TRUE);
}

static void test_bad_repos(void)
{
	g_autoptr(StrakeSolver) solver = strake_solver_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *dir = g_dir_make_tmp("strake-XXXXXX", &error);
	g_autofree char *repodata = g_build_filename(dir, "repodata", NULL);
	g_autofree char *repomd = g_build_filename(repodata, "repomd.xml", NULL);

	g_assert_false(strake_solver_add_repo(solver, "r", dir, 0, &error));
	g_assert_nonnull(strstr(error->message, "repository 'r': open"));
	g_clear_error(&error);
	g_assert_cmpint(g_mkdir_with_parents(repodata, 0755), ==, 0);
	g_assert_true(g_file_set_contents(repomd, "<repomd><data", -1, &error));
	g_assert_false(strake_solver_add_repo(solver, "r", dir, 0, &error));
	g_assert_nonnull(strstr(error->message, "repomd.xml"));
	g_clear_error(&error);
	g_assert_true(g_file_set_contents(repomd, "<repomd></repomd>", -1, &error));
	g_assert_false(strake_solver_add_repo(solver, "r", dir, 0, &error));
	g_assert_nonnull(strstr(error->message, "does not list the primary metadata"));
	g_assert_cmpint(g_remove(repomd), ==, 0);
	g_assert_cmpint(g_rmdir(repodata), ==, 0);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
	const char *root = g_getenv("STRAKE_SOURCE_ROOT");
	g_autofree char *folder =
		g_build_filename(root != NULL ? root : ".", "tests/golden/solve", NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GDir *dir;
	const char *name;
	int status;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_open(folder, 0, NULL);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".test"))
			g_ptr_array_add(names, g_build_filename(folder, name, NULL));
	g_clear_pointer(&dir, g_dir_close);
	g_assert_cmpuint(names->len, >, 0);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *base = g_path_get_basename(g_ptr_array_index(names, i));
		g_autofree char *test = g_strdup_printf("/solve/%s", base);

		g_test_add_data_func(test, g_ptr_array_index(names, i), test_file);
	}
	g_test_add_func("/solve/bad-repos", test_bad_repos);
	status = g_test_run();
	return status;
}
