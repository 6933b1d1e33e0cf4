// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Subordinate id ranges, subprocess pipes, and sandboxes where the machine allows them.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/run.h"
#include "base/sandbox.h"
#include "base/sandbox_map_private.h"

static void test_ranges(void)
{
	static const struct {
		const char *text;
		uint32_t start, count;
	} rows[] = {
		{"",				    0,      0    },
		{"ann:100000:65536\n",                  100000, 65536},
		{"bob:100000:65536\nann:200000:65536",  200000, 65536},
		{"1234:300000:65536\n",                 300000, 65536},
		{"ann:100000\nann:x:1\nann:5:65536:\n", 0,      0    },
		{"ann:100000:10\nann:200000:65536\n",   200000, 65536},
		{"ann:4294967000:65536\n",              0,      0    },
		{"annabel:100000:65536\n",              0,      0    },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		StrakeIdRange got = strake_sandbox_find_range(rows[i].text, "ann", 1234);

		g_test_message("'%s'", rows[i].text);
		g_assert_cmpuint(got.start, ==, rows[i].start);
		g_assert_cmpuint(got.count, ==, rows[i].count);
	}
}

static void test_run_pipes(void)
{
	const char *argv[] = {"cat", NULL};
	g_autofree char *big = g_malloc0(1 << 20);
	g_autoptr(GBytes) input = g_bytes_new(big, 1 << 20);
	const StrakeRun run = {.argv = argv, .input = input};
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GError) error = NULL;

	// More than two pipes hold: writing and reading must interleave.
	g_assert_true(strake_run(&run, &out, &error));
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(out, input));
}

static void test_run_early_exit(void)
{
	const char *argv[] = {"true", NULL};
	g_autofree char *big = g_malloc0(1 << 20);
	g_autoptr(GBytes) input = g_bytes_new(big, 1 << 20);
	const StrakeRun run = {.argv = argv, .input = input};
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_run(&run, NULL, &error));
	g_assert_no_error(error);
}

static bool nothing(void *data, int out_fd, GError **error)
{
	return true;
}

static bool can_sandbox(void)
{
	static const StrakeSandbox plain = {0};
	g_autoptr(GError) error = NULL;

	if (strake_sandbox_call(&plain, nothing, NULL, NULL, &error))
		return true;
	g_test_skip(error->message);
	return false;
}

static bool report(void *data, int out_fd, GError **error)
{
	g_autofree char *text = g_strdup_printf("%u %u %d %s %s", getuid(), getgid(),
		(int)getppid(), (const char *)data, g_getenv("SECRET") != NULL ? "leak" : "clean");

	return strake_fd_write_all(out_fd, text, strlen(text), "out", error);
}

static void test_call(void)
{
	static const StrakeSandbox plain = {.proc = true};
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;
	const char *text;

	if (!can_sandbox())
		return;
	g_setenv("SECRET", "1", TRUE);
	g_assert_true(strake_sandbox_call(&plain, report, (void *)"word", &out, &error));
	g_assert_no_error(error);
	text = g_bytes_get_data(out, &size);
	g_assert_cmpmem(text, size, "0 0 1 word clean", strlen("0 0 1 word clean"));
}

static bool fail(void *data, int out_fd, GError **error)
{
	return strake_error_set(error, STRAKE_ERROR_LIMIT, "too much of '%s'", (const char *)data);
}

static bool crash(void *data, int out_fd, GError **error)
{
	_exit(7);
}

static void test_errors(void)
{
	static const StrakeSandbox plain = {0};
	static const StrakeSandbox no_root = {.root = "/nonexistent/root"};
	static const StrakeSandboxBind missing[] = {{.source = "/nonexistent/source"}};
	static const StrakeSandbox bad_bind = {.binds = missing, .n_binds = 1};
	const char *argv[] = {"strake-no-such-program", NULL};
	const char *fails[] = {"sh", "-c", "echo why >&2; exit 3", NULL};
	const char *dies[] = {"sh", "-c", "kill -9 $$", NULL};
	g_autoptr(GError) error = NULL;

	if (!can_sandbox())
		return;
	g_assert_false(strake_sandbox_call(&plain, fail, (void *)"it", NULL, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "too much of 'it'");
	g_clear_error(&error);
	g_assert_false(strake_sandbox_call(&plain, crash, NULL, NULL, &error));
	g_assert_cmpstr(error->message, ==, "the work in the sandbox ended with status 7");
	g_clear_error(&error);
	g_assert_false(strake_sandbox_call(&no_root, nothing, NULL, NULL, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/root"));
	g_clear_error(&error);
	g_assert_false(strake_sandbox_call(&bad_bind, nothing, NULL, NULL, &error));
	g_assert_cmpstr(error->message, ==,
		"sandbox: look at '/nonexistent/source': No such file or directory");
	g_clear_error(&error);
	g_assert_false(strake_sandbox_run(&plain, &(StrakeRun){.argv = argv}, NULL, &error));
	g_assert_cmpstr(
		error->message, ==, "run 'strake-no-such-program': No such file or directory");
	g_clear_error(&error);
	g_assert_false(strake_sandbox_run(&plain, &(StrakeRun){.argv = fails}, NULL, &error));
	g_assert_cmpstr(error->message, ==, "sh failed with status 3: why");
	g_clear_error(&error);
	g_assert_false(strake_sandbox_run(&plain, &(StrakeRun){.argv = dies}, NULL, &error));
	g_assert_cmpstr(error->message, ==, "sh was ended by signal 9");
}

// A root with nothing but binds: what is inside, what can be written, and what stays outside.
static void test_root(void)
{
	static const StrakeSandboxBind binds[] = {
		{.source = "/usr"},
		{.source = "/bin"},
		{.source = "/lib"},
		{.source = "/lib64"},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(GBytes) out = NULL;
	const char *argv[] = {"sh", "-c",
		"cat /mark; echo new > /made; echo x > /dev/null; touch /tmp/t; test -d /proc/self"
		" && test -c /dev/zero && ! touch /usr/no 2>/dev/null && test ! -e /etc"
		" && cat && ls /sys 2>/dev/null; id -u",
		NULL};
	g_autoptr(GBytes) input = g_bytes_new_static("fed\n", 4);
	StrakeSandbox sandbox = {.root = dir->path,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.proc = true,
		.dev = true,
		.tmp = true};
	g_autofree char *mark = g_build_filename(dir->path, "mark", NULL);
	g_autofree char *made = g_build_filename(dir->path, "made", NULL);
	gsize size;
	const char *text;

	if (!can_sandbox())
		return;
	g_assert_true(g_file_set_contents(mark, "marked\n", -1, &error));
	g_assert_true(strake_sandbox_run(
		&sandbox, &(StrakeRun){.argv = argv, .input = input}, &out, &error));
	g_assert_no_error(error);
	text = g_bytes_get_data(out, &size);
	g_assert_cmpmem(text, size, "marked\nfed\n0\n", strlen("marked\nfed\n0\n"));
	g_assert_cmpint(access(made, F_OK), ==, 0);
	g_assert_cmpint(unlink(made), ==, 0);
	sandbox.root_read_only = true;
	g_assert_false(strake_sandbox_run(&sandbox,
		&(StrakeRun){
			.argv = (const char *[]){"touch", "/made", NULL}
        },
		NULL, &error));
	g_assert_nonnull(strstr(error->message, "Read-only file system"));
}

static bool own_files(void *data, int out_fd, GError **error)
{
	if (chown(data, 42, 43) < 0)
		return strake_error_errno(error, errno, "change owner of", data);
	return true;
}

static void test_owners(void)
{
	static const StrakeSandbox plain = {.needs_owners = true};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autofree char *file = g_build_filename(dir->path, "f", NULL);
	struct stat st;

	if (!can_sandbox())
		return;
	if (!strake_sandbox_has_owners()) {
		g_test_skip("this user has no subordinate ids");
		return;
	}
	g_assert_true(g_file_set_contents(file, "", 0, &error));
	g_assert_true(strake_sandbox_call(&plain, own_files, file, NULL, &error));
	g_assert_no_error(error);
	g_assert_cmpint(stat(file, &st), ==, 0);
	if (getuid() == 0)
		g_assert_cmpuint(st.st_uid, ==, 42);
	else
		g_assert_cmpuint(st.st_uid, !=, getuid());
	// It is not ours any more outside: remove it from inside.
	(void)unlink(file);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/ranges", test_ranges);
	g_test_add_func("/run/pipes", test_run_pipes);
	g_test_add_func("/run/early-exit", test_run_early_exit);
	g_test_add_func("/sandbox/call", test_call);
	g_test_add_func("/sandbox/errors", test_errors);
	g_test_add_func("/sandbox/root", test_root);
	g_test_add_func("/sandbox/owners", test_owners);
	return g_test_run();
}
