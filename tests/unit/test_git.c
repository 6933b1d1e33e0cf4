// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A repository made by git itself, fetched, resolved by pin, branch and snapshot, read and walked.
#include "upstream/git.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/run.h"

typedef struct {
	StrakeTmpdir *dir;
	char *origin;
	StrakeGit *git;
} Fixture;

static char *git_at(const char *origin, const char *date, const char *const *args)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *author_date = g_strconcat("GIT_AUTHOR_DATE=", date, NULL);
	g_autofree char *committer_date = g_strconcat("GIT_COMMITTER_DATE=", date, NULL);
	const char *env[] = {author_date, committer_date, "GIT_AUTHOR_NAME=A. Uthor",
		"GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=C",
		"GIT_COMMITTER_EMAIL=c@example.org", "GIT_CONFIG_GLOBAL=/dev/null", NULL};
	StrakeRun run = {.cwd = origin, .env = env};
	char *text;

	g_ptr_array_add(argv, (gpointer) "git");
	for (; *args != NULL; args++)
		g_ptr_array_add(argv, (gpointer)*args);
	g_ptr_array_add(argv, NULL);
	run.argv = (const char *const *)argv->pdata;
	if (!strake_run(&run, &out, &error))
		g_error("%s", error->message);
	// Empty bytes have no data at all.
	text = g_bytes_get_size(out) == 0
		? g_strdup("")
		: g_strndup(g_bytes_get_data(out, NULL), g_bytes_get_size(out));
	return g_strchomp(text);
}

#define GIT(f, date, ...)                                                                          \
	g_free(git_at((f)->origin, date, (const char *const[]){__VA_ARGS__, NULL}))

static void write_file(Fixture *f, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(f->origin, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	g_mkdir_with_parents(parent, 0755);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void commit(Fixture *f, const char *date, const char *message)
{
	GIT(f, date, "add", "-A");
	GIT(f, date, "commit", "-q", "-m", message);
}

static void set_up(Fixture *f, gconstpointer data)
{
	g_autofree char *copy = NULL;

	f->dir = strake_tmpdir_new(NULL, NULL);
	f->origin = g_build_filename(f->dir->path, "origin", NULL);
	mkdir(f->origin, 0755);
	GIT(f, "2026-01-01T00:00:00Z", "init", "-q", "-b", "f43");
	write_file(f, "zlib.spec", "Name: zlib\n");
	commit(f, "2026-01-01T00:00:00Z", "first");
	write_file(f, "patches/one.patch", "1\n");
	commit(f, "2026-02-01T00:00:00Z", "second: add a patch\n\nBecause.");
	write_file(f, "zlib.spec", "Name: zlib\nRelease: 2\n");
	commit(f, "2026-03-01T00:00:00Z", "third");
	copy = g_build_filename(f->dir->path, "copy.git", NULL);
	f->git = strake_git_open(copy, f->origin, NULL);
	g_assert_true(strake_git_fetch(f->git, NULL));
}

static void tear_down(Fixture *f, gconstpointer data)
{
	strake_git_free(f->git);
	strake_tmpdir_free(f->dir);
	g_free(f->origin);
}

static void assert_resolves(Fixture *f, StrakeGitWant want, const char *revision)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *got = strake_git_resolve(f->git, &want, &error);
	g_autofree char *expected = git_at(f->origin, "2026-01-01T00:00:00Z",
		(const char *const[]){"rev-parse", revision, NULL});

	g_assert_no_error(error);
	g_assert_cmpstr(got, ==, expected);
}

static void test_resolve(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *tip =
		strake_git_resolve(f->git, &(StrakeGitWant){.branch = "f43"}, &error);
	g_autofree char *prefix = g_strndup(tip, 9);
	StrakeGitWant too_old = {.branch = "f43", .snapshot_s = 1000};

	assert_resolves(f, (StrakeGitWant){.branch = "f43"}, "f43");
	assert_resolves(f, (StrakeGitWant){.commit = prefix}, "f43");
	// 2026-02-15: the second commit is the newest that is not later.
	assert_resolves(f, (StrakeGitWant){.branch = "f43", .snapshot_s = 1771113600}, "f43~1");
	g_assert_null(strake_git_resolve(f->git, &too_old, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(strake_git_resolve(f->git, &(StrakeGitWant){.branch = "f99"}, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(strake_git_resolve(f->git, &(StrakeGitWant){.commit = "HEAD~1"}, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

static void test_tree(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *tip =
		strake_git_resolve(f->git, &(StrakeGitWant){.branch = "f43"}, &error);
	g_autoptr(GPtrArray) files = strake_git_tree(f->git, tip, &error);
	g_autoptr(GBytes) old = NULL;
	g_autofree char *first = NULL;

	g_assert_no_error(error);
	g_assert_cmpint(files->len, ==, 2);
	g_assert_cmpstr(((StrakeGitFile *)files->pdata[0])->path, ==, "patches/one.patch");
	g_assert_cmpstr(((StrakeGitFile *)files->pdata[1])->path, ==, "zlib.spec");
	first = git_at(f->origin, "2026-01-01T00:00:00Z",
		(const char *const[]){"rev-parse", "f43~2", NULL});
	old = strake_git_file(f->git, first, "zlib.spec", &error);
	g_assert_cmpmem(g_bytes_get_data(old, NULL), g_bytes_get_size(old), "Name: zlib\n", 11);
	g_assert_null(strake_git_file(f->git, first, "patches/one.patch", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
}

static void test_history(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *tip =
		strake_git_resolve(f->git, &(StrakeGitWant){.branch = "f43"}, &error);
	g_autoptr(GPtrArray) all = strake_git_history(f->git, tip, NULL, &error);
	const StrakeGitCommit *second;
	g_autoptr(GPtrArray) some = NULL;

	g_assert_cmpint(all->len, ==, 3);
	second = all->pdata[1];
	g_assert_cmpstr(second->subject, ==, "second: add a patch");
	g_assert_cmpstr(second->body, ==, "Because.");
	g_assert_cmpstr(second->author, ==, "A. Uthor");
	g_assert_cmpint(second->time_s, ==, 1769904000);
	some = strake_git_history(f->git, tip, second->id, &error);
	g_assert_cmpint(some->len, ==, 2);
	g_assert_null(strake_git_history(f->git, second->id, tip, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

static void test_fetch_of_nothing(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->dir->path, "gone.git", NULL);
	g_autoptr(StrakeGit) git = strake_git_open(path, "/nonexistent/repo", &error);

	g_assert_false(strake_git_fetch(git, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/repo"));
}

// git's own commands refuse to make such a tree, so its parts are written one by one.
static void test_hostile_tree(Fixture *f, gconstpointer data)
{
	static const char *const names[] = {"..", ".GIT"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) tree = g_string_new("100644 ");
		g_autofree char *blob = git_at(f->origin, "2026-01-01T00:00:00Z",
			(const char *const[]){"rev-parse", "f43:zlib.spec", NULL});
		g_autofree char *path = g_build_filename(f->origin, "tree.bin", NULL);
		g_autofree char *tree_id = NULL;
		g_autofree char *commit_id = NULL;

		g_string_append(tree, names[i]);
		g_string_append_c(tree, '\0');
		for (int at = 0; at < 40; at += 2)
			g_string_append_c(tree, (char)(g_ascii_xdigit_value(blob[at]) * 16 +
							g_ascii_xdigit_value(blob[at + 1])));
		g_assert_true(g_file_set_contents(path, tree->str, (gssize)tree->len, NULL));
		tree_id = git_at(f->origin, "2026-01-01T00:00:00Z",
			(const char *const[]){"hash-object", "-t", "tree", "-w", "--literally",
				"tree.bin", NULL});
		commit_id = git_at(f->origin, "2026-04-01T00:00:00Z",
			(const char *const[]){"commit-tree", "-m", "evil", tree_id, NULL});
		GIT(f, "2026-04-01T00:00:00Z", "update-ref", "refs/heads/evil", commit_id);
		g_assert_true(strake_git_fetch(f->git, &error));
		g_assert_null(strake_git_tree(f->git, commit_id, &error));
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	}
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/upstream/git/resolve", test_resolve);
	ADD("/upstream/git/tree", test_tree);
	ADD("/upstream/git/history", test_history);
	ADD("/upstream/git/fetch-of-nothing", test_fetch_of_nothing);
	ADD("/upstream/git/hostile-tree", test_hostile_tree);
	return g_test_run();
}
