// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Paths, digests, cursors, parallel work, nearest words and subprocesses.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/parallel.h"
#include "base/path.h"
#include "base/run.h"

static void test_clean_paths(void)
{
	static const struct {
		const char *path;
		bool clean;
	} rows[] = {
		{"a",      true },
		{"a/b.c",  true },
		{"..a",    true },
		{"",       false},
		{"/a",     false},
		{"a/",     false},
		{"a//b",   false},
		{"./a",    false},
		{"a/../b", false},
		{"..",     false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("'%s'", rows[i].path);
		g_assert_cmpint(strake_path_is_clean(rows[i].path), ==, rows[i].clean);
	}
}

static void test_beneath_cannot_leave(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_auto(strake_fd) fd = -1;

	g_assert_no_error(error);
	g_assert_cmpint(symlinkat("/etc", dir->fd, "out"), ==, 0);
	g_assert_false(strake_path_open_beneath(dir->fd, "out/passwd", O_RDONLY, 0, &fd, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(strake_path_mkdirs_beneath(dir->fd, "etc/x", 0755, &error));
	g_assert_true(strake_path_open_beneath(dir->fd, "out/x", O_RDONLY, 0, &fd, &error));
	g_assert_true(strake_path_remove_tree(dir->fd, "etc", &error));
	g_assert_cmpint(faccessat(dir->fd, "etc", F_OK, 0), ==, -1);
	g_assert_cmpint(access("/etc", F_OK), ==, 0);
}

static void test_write_is_atomic(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(GBytes) bytes = NULL;

	g_assert_true(strake_file_write_at(dir->fd, "f", "one", 3, 0644, &error));
	g_assert_true(strake_file_write_at(dir->fd, "f", "two!", 4, 0644, &error));
	bytes = strake_file_read_at(dir->fd, "f", 100, &error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "two!", 4);
	g_assert_null(strake_file_read_at(dir->fd, "f", 3, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
}

static void test_digest(void)
{
	g_autofree char *hex = strake_digest_data(STRAKE_DIGEST_SHA256, "abc", 3);

	g_assert_cmpstr(
		hex, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	g_assert_true(strake_digest_is_hex(STRAKE_DIGEST_SHA256, hex));
	g_assert_false(strake_digest_is_hex(STRAKE_DIGEST_SHA512, hex));
}

static void test_cursor_stops_at_end(void)
{
	StrakeCursor c = strake_cursor("\x01\x02\x03", 3);
	uint16_t two;
	uint32_t four;

	g_assert_false(strake_cursor_be32(&c, &four));
	g_assert_true(strake_cursor_be16(&c, &two));
	g_assert_cmpint(two, ==, 0x0102);
	g_assert_false(strake_cursor_le16(&c, &two));
	g_assert_cmpint(c.left, ==, 1);
}

static bool fail_some(size_t index, void *data, GError **error)
{
	g_atomic_int_inc((int *)data);
	if (index % 10 == 7)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "item %zu", index);
	return true;
}

static void test_parallel_reports_lowest(void)
{
	g_autoptr(GError) error = NULL;
	int done = 0;

	g_assert_false(strake_parallel_for(100, 4, fail_some, &done, &error));
	g_assert_cmpstr(error->message, ==, "item 7");
	g_assert_cmpint(done, <, 100);
}

static void test_nearest(void)
{
	static const char *const words[] = {"description", "overlays", "release", NULL};

	g_assert_cmpstr(strake_nearest("overlay", words), ==, "overlays");
	g_assert_cmpstr(strake_nearest("descripton", words), ==, "description");
	g_assert_null(strake_nearest("xyzzy", words));
}

static void test_run(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GBytes) in = g_bytes_new_static("hello", 5);
	const char *cat[] = {"cat", NULL};
	const char *sh[] = {"sh", "-c", "echo broken pipe >&2; exit 3", NULL};
	const StrakeRun run = {.argv = cat, .input = in};

	g_assert_true(strake_run(&run, &out, &error));
	g_assert_cmpmem(g_bytes_get_data(out, NULL), g_bytes_get_size(out), "hello", 5);
	g_assert_false(strake_run_argv(sh, &error));
	g_assert_cmpstr(error->message, ==, "sh failed with status 3: broken pipe");
}

static void test_error_origin(void)
{
	g_autoptr(GError) error = NULL;
	const StrakeOrigin at = {"a.toml", 3, 7};

	g_assert_false(strake_error_at(&error, STRAKE_ERROR_INVALID, at, "odd %s", "thing"));
	g_assert_cmpstr(error->message, ==, "a.toml:3:7: odd thing");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/path/clean", test_clean_paths);
	g_test_add_func("/base/path/beneath", test_beneath_cannot_leave);
	g_test_add_func("/base/file/write", test_write_is_atomic);
	g_test_add_func("/base/digest", test_digest);
	g_test_add_func("/base/cursor", test_cursor_stops_at_end);
	g_test_add_func("/base/parallel", test_parallel_reports_lowest);
	g_test_add_func("/base/nearest", test_nearest);
	g_test_add_func("/base/run", test_run);
	g_test_add_func("/base/error/origin", test_error_origin);
	return g_test_run();
}
