// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The project's keys: made once, kept, refused when damaged; gpg as the outside judge.
#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/run.h"
#include "repo/keys.h"

static StrakeTmpdir *dir;
static StrakeKeys *keys;

static void test_kept(void)
{
	g_autofree char *path = g_build_filename(dir->path, "keys", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeKeys) again = strake_keys_open(path, "Other name", &error);
	struct stat st;

	g_assert_no_error(error);
	g_assert_cmpstr(strake_keys_fingerprint(again), ==, strake_keys_fingerprint(keys));
	g_assert_cmpstr(strake_keys_public(again), ==, strake_keys_public(keys));
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0700);
	g_assert_cmpint(fstatat(dir->fd, "keys/signing.pem", &st, 0), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
}

static void write_text(const char *name, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_file_write_at(dir->fd, name, text, strlen(text), 0600, &error));
}

// gpg reads our certificate, shows our fingerprint, and checks our signature.
static void test_gpg(void)
{
	g_autofree char *home = g_build_filename(dir->path, "gnupg", NULL);
	g_autofree char *ring = g_build_filename(dir->path, "ring.gpg", NULL);
	g_autofree char *public_path = g_build_filename(dir->path, "public.asc", NULL);
	g_autofree char *data_path = g_build_filename(dir->path, "data", NULL);
	g_autofree char *asc_path = g_build_filename(dir->path, "data.asc", NULL);
	g_autoptr(GBytes) data = g_bytes_new_static("some bytes", 10);
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *signature = strake_keys_sign_armored(keys, data, 0, &error);
	g_autofree char *same = strake_keys_sign_armored(keys, data, 0, &error);
	g_autofree char *shown = NULL;
	g_autofree char *upper = g_ascii_strup(strake_keys_fingerprint(keys), -1);
	const char *dearmor[] = {"gpg", "--homedir", home, "--batch", "--yes", "-o", ring,
		"--dearmor", public_path, NULL};
	const char *show[] = {"gpg", "--homedir", home, "--batch", "--show-keys", "--with-colons",
		public_path, NULL};
	const char *verify[] = {"gpgv", "--keyring", ring, asc_path, data_path, NULL};
	gsize size;
	const char *text;

	g_assert_cmpstr(signature, ==, same);
	g_assert_cmpint(mkdir(home, 0700), ==, 0);
	write_text("public.asc", strake_keys_public(keys));
	write_text("data", "some bytes");
	write_text("data.asc", signature);
	if (!strake_run_argv(dearmor, &error)) {
		g_test_skip(error->message);
		return;
	}
	g_assert_true(strake_run(&(StrakeRun){.argv = show}, &out, &error));
	text = g_bytes_get_data(out, &size);
	shown = g_strndup(text, size);
	g_test_message("%s", shown);
	g_assert_nonnull(strstr(shown, upper));
	g_assert_nonnull(strstr(shown, "Strake packages"));
	g_assert_true(strake_run_argv(verify, &error));
	g_assert_no_error(error);
	write_text("data", "some bytez");
	g_assert_false(strake_run_argv(verify, &error));
	g_assert_nonnull(strstr(error->message, "BAD signature"));
}

static void test_bad_files(void)
{
	g_autofree char *path = g_build_filename(dir->path, "bad", NULL);
	g_autofree char *pem = NULL;
	g_autoptr(GBytes) good = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(mkdir(path, 0755), ==, 0);
	g_assert_cmpint(chmod(path, 0755), ==, 0);
	g_assert_null(strake_keys_open(path, NULL, &error));
	g_assert_nonnull(strstr(error->message, "chmod 700"));
	g_clear_error(&error);
	g_assert_cmpint(chmod(path, 0700), ==, 0);
	write_text("bad/signing.pem", "Created: 5\n-----BEGIN nothing");
	g_assert_null(strake_keys_open(path, NULL, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	g_clear_error(&error);
	good = strake_file_read_at(dir->fd, "keys/signing.pem", 1 << 16, &error);
	pem = g_strndup(g_bytes_get_data(good, NULL), g_bytes_get_size(good));
	memmove(pem, strstr(pem, "-----BEGIN"), strlen(strstr(pem, "-----BEGIN")) + 1);
	write_text("bad/signing.pem", pem);
	g_assert_null(strake_keys_open(path, NULL, &error));
	g_assert_nonnull(strstr(error->message, "does not begin with a line 'Created: SECONDS'"));
}

static void test_secure_boot(void)
{
	g_autoptr(GBytes) key = NULL;
	g_autoptr(GBytes) certificate = NULL;
	g_autoptr(GBytes) again = NULL;
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;
	const void *data;
	BIO *bio;
	X509 *x509;

	g_assert_true(strake_keys_secure_boot(keys, &key, &certificate, NULL, &path, &error));
	g_assert_no_error(error);
	g_assert_true(strake_keys_secure_boot(keys, NULL, &again, NULL, NULL, &error));
	g_assert_true(g_bytes_equal(certificate, again));
	g_assert_cmpint(access(path, R_OK), ==, 0);
	data = g_bytes_get_data(certificate, &size);
	bio = BIO_new_mem_buf(data, (int)size);
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	g_assert_nonnull(x509);
	g_assert_cmpint(X509_verify(x509, X509_get0_pubkey(x509)), ==, 1);
	X509_free(x509);
	BIO_free(bio);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	int status;

	g_test_init(&argc, &argv, NULL);
	dir = strake_tmpdir_new(NULL, &error);
	g_assert_no_error(error);
	path = g_build_filename(dir->path, "keys", NULL);
	keys = strake_keys_open(path, NULL, &error);
	g_assert_no_error(error);
	g_test_add_func("/keys/kept", test_kept);
	g_test_add_func("/keys/gpg", test_gpg);
	g_test_add_func("/keys/bad-files", test_bad_files);
	g_test_add_func("/keys/secure-boot", test_secure_boot);
	status = g_test_run();
	strake_keys_free(keys);
	strake_tmpdir_free(dir);
	return status;
}
