// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Parts of the composer that need no packages: trees, remembered steps, kernel modules and initrd,
// qcow2, the file server, version floors.
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "image/check.h"
#include "image/formats.h"
#include "image/initrd.h"
#include "image/kmod.h"
#include "image/label.h"
#include "image/memo.h"
#include "image/serve.h"
#include "image/tree.h"
#include "store/store.h"

static void put(const StrakeTmpdir *dir, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *parent = g_path_get_dirname(path);

	g_assert_true(strake_path_mkdirs(dir->fd, parent, &error));
	g_assert_true(strake_file_write_at(dir->fd, path, text, strlen(text), 0644, &error));
	g_assert_no_error(error);
}

static void test_tree(void)
{
	static const char *const want[] = {"", "a", "a/b", "a/b/f", "a-b", "link", "second"};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeTree) tree = NULL;
	g_autofree char *commands = NULL;

	put(dir, "a/b/f", "content");
	put(dir, "a-b", "x");
	g_assert_cmpint(symlinkat("a-b", dir->fd, "link"), ==, 0);
	g_assert_cmpint(linkat(dir->fd, "a/b/f", dir->fd, "second", 0), ==, 0);
	tree = strake_tree_scan(dir->fd, 1000, 0, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(strake_tree_count(tree), ==, G_N_ELEMENTS(want));
	for (size_t i = 0; i < G_N_ELEMENTS(want); i++)
		g_assert_cmpstr(strake_tree_entry(tree, i)->path, ==, want[i]);
	g_assert_cmpstr(strake_tree_find(tree, "second")->link_to, ==, "a/b/f");
	g_assert_cmpstr(strake_tree_find(tree, "link")->target, ==, "a-b");
	g_assert_cmpint(strake_tree_find(tree, "a-b")->mtime_s, ==, 1000);
	strake_tree_find(tree, "a-b")->label = g_strdup("u:r:t:s0");
	commands = strake_label_debugfs(tree, &error);
	g_assert_cmpstr(commands, ==, "ea_set \"/a-b\" security.selinux \"u:r:t:s0\"\n");
}

static void test_tree_archive_repeats(void)
{
	g_autoptr(GError) error = NULL;
	GBytes *made[2] = {NULL, NULL};

	for (size_t i = 0; i < 2; i++) {
		g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
		g_autoptr(StrakeTmpdir) out = strake_tmpdir_new(NULL, &error);
		g_autoptr(StrakeTree) tree = NULL;
		int fd;

		// The same files, made in another order.
		put(dir, i == 0 ? "z" : "b/y", i == 0 ? "1" : "2");
		put(dir, i == 0 ? "b/y" : "z", i == 0 ? "2" : "1");
		g_assert_cmpint(fchmod(dir->fd, 0755), ==, 0);
		tree = strake_tree_scan(dir->fd, 1000, 0, &error);
		g_assert_no_error(error);
		fd = openat(out->fd, "t.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		g_assert_true(strake_tree_write_tar(tree, dir->fd, fd, &error));
		g_assert_no_error(error);
		close(fd);
		made[i] = strake_file_read_at(out->fd, "t.tar", 1 << 24, &error);
	}
	g_assert_true(g_bytes_equal(made[0], made[1]));
	g_bytes_unref(made[0]);
	g_bytes_unref(made[1]);
}

static void test_memo(void)
{
	static const char *const inputs[] = {"in/**", NULL};
	static const char *const outputs[] = {"out/**", NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeTmpdir) store_dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(store_dir->path, &error);
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;
	g_autoptr(GBytes) back = NULL;
	bool found = true;

	put(dir, "in/a", "1");
	first = strake_memo_fingerprint(dir->fd, inputs, "salt", &error);
	g_assert_true(strake_memo_restore(store, "step", first, dir->fd, outputs, &found, &error));
	g_assert_false(found);
	put(dir, "out/deep/made", "result");
	g_assert_cmpint(symlinkat("deep/made", dir->fd, "out/link"), ==, 0);
	g_assert_true(strake_memo_keep(store, "step", first, dir->fd, outputs, &error));
	g_assert_no_error(error);
	g_assert_true(strake_path_remove_tree(dir->fd, "out", &error));
	put(dir, "out/stale", "old");
	g_assert_true(strake_memo_restore(store, "step", first, dir->fd, outputs, &found, &error));
	g_assert_no_error(error);
	g_assert_true(found);
	back = strake_file_read_at(dir->fd, "out/link", 100, &error);
	g_assert_cmpmem(g_bytes_get_data(back, NULL), g_bytes_get_size(back), "result", 6);
	g_assert_cmpint(faccessat(dir->fd, "out/stale", F_OK, 0), !=, 0);
	put(dir, "in/a", "2");
	second = strake_memo_fingerprint(dir->fd, inputs, "salt", &error);
	g_assert_cmpstr(first, !=, second);
}

static void make_modules(const StrakeTmpdir *dir)
{
	put(dir, "usr/lib/modules/6.99-t/vmlinuz", "kernel");
	put(dir, "usr/lib/modules/6.99-t/kernel/virtio_blk.ko", "BLK");
	put(dir, "usr/lib/modules/6.99-t/kernel/scsi-core.ko", "CORE");
	put(dir, "usr/lib/modules/6.99-t/kernel/virtio_scsi.ko", "SCSI");
	put(dir, "usr/lib/modules/6.99-t/modules.dep",
		"kernel/virtio_blk.ko:\nkernel/scsi-core.ko:\n"
		"kernel/virtio_scsi.ko: kernel/scsi-core.ko\n");
	put(dir, "usr/lib/modules/6.99-t/modules.alias",
		"# comment\nalias virtio:d00000002v* virtio_blk\nalias virtio:d00000008v* "
		"virtio_scsi\n");
	put(dir, "usr/lib/modules/6.99-t/modules.builtin", "kernel/fs/ext4/ext4.ko\n");
}

static void test_initrd(void)
{
	static const char *const modules[] = {"virtio_blk", "virtio-scsi", NULL};
	static const char *const missing[] = {"no_such", NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeKmod) kmod = NULL;
	g_autoptr(GBytes) one = NULL;
	g_autoptr(GBytes) two = NULL;
	g_autofree char *version = NULL;
	StrakeInitrdOptions options = {.modules = modules, .filesystem = "ext4", .time_s = 1};

	make_modules(dir);
	version = strake_kmod_version(dir->fd, &error);
	g_assert_cmpstr(version, ==, "6.99-t");
	kmod = strake_kmod_open(dir->fd, version, &error);
	g_assert_no_error(error);
	g_assert_true(strake_kmod_is_builtin(kmod, "ext4"));
	g_assert_cmpstr(strake_kmod_needs(kmod, "virtio-scsi")[0], ==, "scsi_core");
	one = strake_initrd_build(kmod, &options, &error);
	two = strake_initrd_build(kmod, &options, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(one, two));
	options.extra_modules = missing;
	g_assert_null(strake_initrd_build(kmod, &options, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	put(dir, "usr/lib/modules/7.0-u/vmlinuz", "kernel");
	g_assert_null(strake_kmod_version(dir->fd, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

static char *file_digest(int fd)
{
	g_autoptr(GError) error = NULL;
	char *sha256;

	g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, "output", &error);
	g_assert_no_error(error);
	return sha256;
}

// Same bytes whatever the number of threads, and digests of what is in the files, for a disk
// with holes. What the files mean is judged in the vm suite.
static void test_formats(void)
{
	enum { SIZE = 9 << 20 };
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	int raw = openat(dir->fd, "raw", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	StrakeFormatDigests digests[2];

	g_assert_cmpint(ftruncate(raw, SIZE), ==, 0);
	for (off_t at = 0; at < 8 << 20; at += 1 << 20)
		g_assert_cmpint(pwrite(raw, "data", 4, at + 100), ==, 4);
	g_assert_cmpint(pwrite(raw, "end", 3, SIZE - 3), ==, 3);
	for (unsigned i = 0; i < 2; i++) {
		int qcow2 = openat(dir->fd, "q", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int vhd = openat(dir->fd, "v", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		const StrakeFormats formats = {.raw_fd = raw,
			.qcow2_fd = qcow2,
			.vhd_fd = vhd,
			.vhd_uuid = "0e9a6fe3-5ba1-4a4b-8a3c-0f5d0a3a1d11",
			.time_s = 1760000000,
			.jobs = i + 1};
		g_autofree char *raw_digest = file_digest(raw);
		g_autofree char *qcow2_digest = NULL;
		g_autofree char *vhd_digest = NULL;
		char head[4];
		bool made;

		made = strake_formats_write(&formats, &digests[i], &error);
		g_assert_no_error(error);
		g_assert_true(made);
		qcow2_digest = file_digest(qcow2);
		vhd_digest = file_digest(vhd);
		g_assert_cmpstr(digests[i].raw, ==, raw_digest);
		g_assert_cmpstr(digests[i].qcow2, ==, qcow2_digest);
		g_assert_cmpstr(digests[i].vhd, ==, vhd_digest);
		g_assert_cmpint(pread(qcow2, head, 4, 0), ==, 4);
		g_assert_cmpmem(head, 4, "QFI\xfb", 4);
		g_assert_cmpint(lseek(vhd, 0, SEEK_END), ==, SIZE + 512);
		g_assert_cmpint(ftruncate(vhd, SIZE), ==, 0);
		g_free(vhd_digest);
		vhd_digest = file_digest(vhd);
		g_assert_cmpstr(vhd_digest, ==, raw_digest);
		close(qcow2);
		close(vhd);
	}
	g_assert_cmpstr(digests[0].qcow2, ==, digests[1].qcow2);
	g_assert_cmpint(ftruncate(raw, 1000), ==, 0);
	g_assert_false(
		strake_formats_write(&(StrakeFormats){.raw_fd = raw, .qcow2_fd = raw, .vhd_fd = -1},
			&digests[0], &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	close(raw);
}

static char *ask(unsigned port, const char *request)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketConnection) c =
		g_socket_client_connect_to_host(client, "127.0.0.1", (guint16)port, NULL, &error);
	char *answer = g_malloc0(4096);
	gsize n = 0;

	g_assert_no_error(error);
	g_assert_true(g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(c)),
		request, strlen(request), NULL, NULL, NULL));
	g_input_stream_read_all(
		g_io_stream_get_input_stream(G_IO_STREAM(c)), answer, 4095, &n, NULL, NULL);
	return answer;
}

static void test_serve(void)
{
	static const struct {
		const char *request;
		const char *status;
		const char *end;
	} rows[] = {
		{"GET /repo/file HTTP/1.1\r\n\r\n", "HTTP/1.1 200", "\r\n\r\nhello"},
		{"HEAD /repo/file HTTP/1.1\r\n\r\n", "HTTP/1.1 200", "\r\n\r\n"},
		{"GET /repo/none HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "\r\n\r\n"},
		{"GET /repo/../../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "\r\n\r\n"},
		{"GET /repo/out HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "\r\n\r\n"},
		{"PUT /repo/file HTTP/1.1\r\n\r\n", "HTTP/1.1 405", "\r\n\r\n"},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeServe) serve = NULL;

	put(dir, "repo/file", "hello");
	g_assert_cmpint(symlinkat("/etc/passwd.no-such", dir->fd, "repo/out"), ==, 0);
	serve = strake_serve_start(dir->path, &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *answer = ask(strake_serve_port(serve), rows[i].request);

		g_test_message("%s", rows[i].request);
		g_assert_true(g_str_has_prefix(answer, rows[i].status));
		g_assert_true(g_str_has_suffix(answer, rows[i].end));
	}
}

static void test_versions(void)
{
	static const struct {
		const char *a, *b;
		int want;
	} rows[] = {
		{"7.2.12+deb14-cloud-amd64", "6.18", 1},
		{"6.18", "6.18", 0},
		{"6.9.1", "6.18", -1},
		{"262", "258", 1},
		{"3.5.4", "3.5", 1},
		{"2.43", "2.42", 1},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int got = strake_check_version(rows[i].a, rows[i].b);
		g_test_message("%s vs %s", rows[i].a, rows[i].b);
		g_assert_cmpint((got > 0) - (got < 0), ==, rows[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/image/tree", test_tree);
	g_test_add_func("/image/tree/archive-repeats", test_tree_archive_repeats);
	g_test_add_func("/image/memo", test_memo);
	g_test_add_func("/image/initrd", test_initrd);
	g_test_add_func("/image/formats", test_formats);
	g_test_add_func("/image/serve", test_serve);
	g_test_add_func("/image/versions", test_versions);
	return g_test_run();
}
