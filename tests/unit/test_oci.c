// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// An OCI image of a small tree: same bytes twice, links and modes kept, and skopeo's judgement.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/run.h"
#include "image/oci.h"

static const char *const command[] = {"/bin/true", NULL};
static const StrakeOciConfig config = {
	.architecture = "amd64", .command = command, .created_s = 1700000000};

static void make_tree(int dir_fd)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_path_mkdirs(dir_fd, "etc/b", &error));
	g_assert_true(strake_file_write_at(dir_fd, "etc/b/z", "zed", 3, 0640, &error));
	g_assert_true(strake_file_write_at(dir_fd, "etc/a", "alpha", 5, 04755, &error));
	g_assert_cmpint(linkat(dir_fd, "etc/a", dir_fd, "etc/linked", 0), ==, 0);
	g_assert_cmpint(symlinkat("/nowhere", dir_fd, "etc/dangling"), ==, 0);
}

static void write_image(StrakeTmpdir *out, StrakeOciResult *result)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) tree = strake_tmpdir_new(NULL, &error);

	make_tree(tree->fd);
	g_assert_true(
		strake_oci_write(tree->fd, out->fd, "t", "strake/t:1", &config, result, &error));
	g_assert_no_error(error);
}

static void test_same_bytes_twice(void)
{
	g_autoptr(StrakeTmpdir) out = strake_tmpdir_new(NULL, NULL);
	StrakeOciResult first, second;

	write_image(out, &first);
	write_image(out, &second); // also replaces the first
	g_assert_cmpstr(first.archive_sha256, ==, second.archive_sha256);
	g_assert_cmpstr(first.manifest_sha256, ==, second.manifest_sha256);
	g_assert_cmpint(faccessat(out->fd, "t.oci.new", F_OK, 0), ==, -1);
}

static void test_layer_content(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) out = strake_tmpdir_new(NULL, NULL);
	g_autoptr(GBytes) listing = NULL;
	g_autofree char *text = NULL;
	g_autofree char *path = NULL;
	StrakeOciResult result;

	write_image(out, &result);
	path = g_strdup_printf("%s/t.oci/blobs/sha256/%s", out->path, result.layer.sha256);
	const char *argv[] = {"tar", "--utc", "--full-time", "-tvzf", path, NULL};
	const StrakeRun run = {.argv = argv};
	g_assert_true(strake_run(&run, &listing, &error));
	text = g_strndup(g_bytes_get_data(listing, NULL), g_bytes_get_size(listing));
	g_assert_nonnull(g_strstr_len(text, -1, "2023-11-14 22:13:20 etc/a\n"));
	g_assert_nonnull(g_strstr_len(text, -1, "-rwsr-xr-x "));
	g_assert_nonnull(g_strstr_len(text, -1, "etc/linked link to etc/a\n"));
	g_assert_nonnull(g_strstr_len(text, -1, "etc/dangling -> /nowhere\n"));
	g_assert_true(g_strstr_len(text, -1, "etc/a\n") < g_strstr_len(text, -1, "etc/b/z\n"));
}

static void test_outside_judge(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) out = strake_tmpdir_new(NULL, NULL);
	StrakeOciResult result;
	static const char *const forms[] = {
		"oci:%s/t.oci", "oci-archive:%s/t.oci.tar", "docker-archive:%s/t.oci.tar"};

	write_image(out, &result);
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_auto(GStrv) parts = g_strsplit(forms[i], "%s", 2);
		g_autofree char *image = g_strconcat(parts[0], out->path, parts[1], NULL);
		g_autoptr(GBytes) shown = NULL;
		g_autofree char *text = NULL;
		const char *argv[] = {"skopeo", "inspect", image, NULL};
		const StrakeRun run = {.argv = argv};

		g_assert_true(strake_run(&run, &shown, &error));
		g_assert_no_error(error);
		text = g_strndup(g_bytes_get_data(shown, NULL), g_bytes_get_size(shown));
		g_assert_nonnull(g_strstr_len(text, -1, "\"Created\": \"2023-11-14T22:13:20Z\""));
	}
}

static void test_unreadable_root_is_an_error(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) out = strake_tmpdir_new(NULL, NULL);
	StrakeOciResult result;

	g_assert_false(strake_oci_write(-1, out->fd, "t", "strake/t:1", &config, &result, &error));
	g_assert_nonnull(error);
	g_assert_cmpint(faccessat(out->fd, "t.oci", F_OK, 0), ==, -1);
	g_assert_cmpint(faccessat(out->fd, "t.oci.tar.new", F_OK, 0), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/image/oci/same-bytes", test_same_bytes_twice);
	g_test_add_func("/image/oci/layer", test_layer_content);
	g_test_add_func("/image/oci/skopeo", test_outside_judge);
	g_test_add_func("/image/oci/error", test_unreadable_root_is_an_error);
	return g_test_run();
}
