// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The content store: objects, keys, wrong digests, dropped writers.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "store/store.h"

static void test_objects(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
	g_autofree char *sha256 = NULL;
	g_autoptr(GBytes) bytes = NULL;

	g_assert_true(strake_store_add(store, "abc", 3, &sha256, &error));
	g_assert_true(strake_store_has(store, sha256));
	bytes = strake_store_map_object(store, sha256, &error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "abc", 3);
	g_assert_false(strake_store_has(store, "../../etc/passwd"));
	g_assert_null(strake_store_map_object(store, "../../etc/passwd", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

// What was cut off or written over is not handed out; what was only copied or touched is.
static void test_damage(void)
{
	static const struct {
		const char *content; // written over the object "abcdef"; NULL: only touched
		bool want;
	} cases[] = {{"abc", false}, {"", false}, {"abcdeX", false}, {"abcdefg", false},
		{"abcdef", true}, {NULL, true}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
		g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
		g_autofree char *sha256 = NULL;
		g_autofree char *path = NULL;
		g_auto(strake_fd) fd = -1;
		int object = -1;

		g_test_message("'%s'", cases[i].content != NULL ? cases[i].content : "(touched)");
		g_assert_true(strake_store_add(store, "abcdef", 6, &sha256, &error));
		path = strake_store_object_path(store, sha256);
		g_assert_no_errno(chmod(path, 0644));
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (cases[i].content != NULL) {
			g_assert_no_errno(ftruncate(fd, 0));
			g_assert_true(strake_fd_write_all(
				fd, cases[i].content, strlen(cases[i].content), path, &error));
		} else {
			g_assert_no_errno(futimens(fd, NULL));
		}
		g_assert_cmpint(strake_store_has(store, sha256), ==, cases[i].want);
		g_assert_cmpint(access(path, F_OK) == 0, ==, cases[i].want);
		g_assert_cmpint(strake_store_open_object(store, sha256, &object, &error), ==,
			cases[i].want);
		if (cases[i].want) {
			close(object);
			continue;
		}
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
		g_clear_error(&error);
		g_assert_true(strake_store_add(store, "abcdef", 6, NULL, &error));
		g_assert_true(strake_store_has(store, sha256));
	}
}

static void test_dropped_writer_leaves_nothing(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
	g_autofree char *tmp = g_build_filename(dir->path, "tmp", NULL);
	g_autoptr(GDir) listing = NULL;

	{
		g_autoptr(StrakeStoreWriter) writer = strake_store_begin(store, &error);
		g_assert_true(
			strake_fd_write_all(strake_store_writer_fd(writer), "x", 1, "x", &error));
	}
	listing = g_dir_open(tmp, 0, &error);
	g_assert_null(g_dir_read_name(listing));
}

static void test_resume(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
	g_autofree char *digest = strake_digest_data(STRAKE_DIGEST_SHA256, "abcdef", 6);
	uint64_t have = 99;

	{
		g_autoptr(StrakeStoreWriter) first =
			strake_store_resume(store, digest, &have, &error);
		g_autoptr(StrakeStoreWriter) other = NULL;

		g_assert_cmpuint(have, ==, 0);
		g_assert_true(
			strake_fd_write_all(strake_store_writer_fd(first), "abc", 3, "x", &error));
		other = strake_store_resume(store, digest, &have, &error);
		g_assert_nonnull(other);
		g_assert_cmpuint(have, ==, 0); // a writer of its own: the file is in use
	}
	{
		g_autoptr(StrakeStoreWriter) again =
			strake_store_resume(store, digest, &have, &error);

		g_assert_cmpuint(have, ==, 3);
		g_assert_true(
			strake_fd_write_all(strake_store_writer_fd(again), "def", 3, "x", &error));
		g_assert_true(strake_store_commit(again, NULL, NULL, &error));
	}
	g_assert_true(strake_store_has(store, digest));
	{
		g_autoptr(StrakeStoreWriter) none =
			strake_store_resume(store, digest, &have, &error);

		g_assert_cmpuint(have, ==, 0);
		g_assert_true(
			strake_fd_write_all(strake_store_writer_fd(none), "xyz", 3, "x", &error));
		g_assert_true(strake_store_writer_restart(none, &error));
	}
	g_assert_cmpint(unlinkat(strake_store_dir_fd(store), "tmp", AT_REMOVEDIR), ==, 0); // empty
}

static void test_old_temporaries_go(void)
{
	static const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
	g_autoptr(StrakeStore) again = NULL;

	g_assert_nonnull(store);
	g_assert_true(strake_file_write_at(dir->fd, "tmp/old", "x", 1, 0600, &error));
	g_assert_true(strake_file_write_at(dir->fd, "tmp/new", "x", 1, 0600, &error));
	g_assert_cmpint(utimensat(dir->fd, "tmp/old", long_ago, 0), ==, 0);
	again = strake_store_open(dir->path, &error);
	g_assert_nonnull(again);
	g_assert_cmpint(faccessat(dir->fd, "tmp/old", F_OK, 0), ==, -1);
	g_assert_cmpint(faccessat(dir->fd, "tmp/new", F_OK, 0), ==, 0);
}

static void test_keys(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
	g_autofree char *key = strake_digest_data(STRAKE_DIGEST_SHA256, "k", 1);
	g_autoptr(GBytes) bytes = NULL;

	g_assert_null(strake_store_get_key(store, "bridge", key, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(strake_store_put_key(store, "bridge", key, "v1", 2, &error));
	g_assert_true(strake_store_put_key(store, "bridge", key, "v2", 2, &error));
	bytes = strake_store_get_key(store, "bridge", key, &error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "v2", 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/objects", test_objects);
	g_test_add_func("/store/damage", test_damage);
	g_test_add_func("/store/dropped", test_dropped_writer_leaves_nothing);
	g_test_add_func("/store/resume", test_resume);
	g_test_add_func("/store/old-temporaries", test_old_temporaries_go);
	g_test_add_func("/store/keys", test_keys);
	return g_test_run();
}
