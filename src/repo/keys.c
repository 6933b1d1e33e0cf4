// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Key files: made once under a lock, loaded afterwards.
#include "repo/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "repo/openpgp_private.h"

enum {
	SIGNING_BITS = 4096,
	SECURE_BOOT_BITS = 2048, // what every firmware accepts
	KEY_MAX_BYTES = 64 * 1024,
	SECURE_BOOT_YEARS = 20,
};

#define CREATED_LINE "Created: "

struct StrakeKeys {
	char *dir;
	int dir_fd;
	char *project;
	EVP_PKEY *signing;
	uint32_t created_s;
	char *fingerprint;
	char *public_text;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

void strake_keys_free(StrakeKeys *keys)
{
	if (keys == NULL)
		return;
	if (keys->dir_fd >= 0)
		strake_fd_close(keys->dir_fd);
	EVP_PKEY_free(keys->signing);
	g_free(keys->dir);
	g_free(keys->project);
	g_free(keys->fingerprint);
	g_free(keys->public_text);
	g_free(keys);
}

const char *strake_keys_dir(const StrakeKeys *keys)
{
	return keys->dir;
}

const char *strake_keys_fingerprint(const StrakeKeys *keys)
{
	return keys->fingerprint;
}

const char *strake_keys_public(const StrakeKeys *keys)
{
	return keys->public_text;
}

static GBytes *bio_bytes(BIO *bio)
{
	char *data = NULL;
	long size = BIO_get_mem_data(bio, &data);

	return g_bytes_new(data, (gsize)MAX(size, 0));
}

static EVP_PKEY *make_rsa(unsigned bits, GError **error)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	if (key == NULL)
		strake_error_set(
			error, STRAKE_ERROR_FAILED, "making a key of %u bits failed", bits);
	return key;
}

static bool write_private(
	StrakeKeys *keys, const char *name, EVP_PKEY *key, const char *before, GError **error)
{
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	g_autoptr(GBytes) bytes = NULL;
	gsize size;
	const void *data;

	if (BIO_puts(bio, before) < 0 ||
		PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "writing '%s' failed", name);
	bytes = bio_bytes(bio);
	data = g_bytes_get_data(bytes, &size);
	return strake_file_write_at(keys->dir_fd, name, data, size, 0600, error);
}

static EVP_PKEY *read_private(StrakeKeys *keys, const char *name, GBytes **out_text, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(keys->dir_fd, name, KEY_MAX_BYTES, error);
	g_autoptr(BIO) bio = NULL;
	g_autoptr(EVP_PKEY) key = NULL;
	gsize size;
	const void *data;

	if (bytes == NULL)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	bio = BIO_new_mem_buf(data, (int)size);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s/%s' is not an RSA key in PEM form; restore it from a backup, or "
			"remove "
			"it to have a new one made (what the old one signed will not verify)",
			keys->dir, name);
		return NULL;
	}
	if (out_text != NULL)
		*out_text = g_steal_pointer(&bytes);
	return g_steal_pointer(&key);
}

static bool parse_created(StrakeKeys *keys, GBytes *text, GError **error)
{
	gsize size;
	const char *data = g_bytes_get_data(text, &size);
	g_autofree char *copy = g_strndup(data, size);
	char *end = strchr(copy, '\n');
	guint64 value = 0;

	if (end != NULL)
		*end = '\0';
	if (!g_str_has_prefix(copy, CREATED_LINE) ||
		!g_ascii_string_to_unsigned(
			copy + strlen(CREATED_LINE), 10, 1, UINT32_MAX, &value, NULL))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s/signing.pem' does not begin with a line '%sSECONDS'", keys->dir,
			CREATED_LINE);
	keys->created_s = (uint32_t)value;
	return true;
}

static bool make_signing(StrakeKeys *keys, GError **error)
{
	g_autoptr(EVP_PKEY) key = NULL;
	g_autofree char *before = NULL;

	strake_say("making the signing key of %s in %s", keys->project, keys->dir);
	key = make_rsa(SIGNING_BITS, error);
	if (key == NULL)
		return false;
	// A minute back, so that machines whose clocks are a little slow accept it.
	before = g_strdup_printf(
		CREATED_LINE "%" G_GINT64_FORMAT "\n", g_get_real_time() / G_USEC_PER_SEC - 60);
	return write_private(keys, "signing.pem", key, before, error);
}

static bool describe_signing(StrakeKeys *keys, GError **error)
{
	uint8_t fingerprint[STRAKE_OPENPGP_FINGERPRINT_BYTES];
	g_autofree char *user_id = g_strdup_printf("%s packages", keys->project);
	g_autofree char *text = NULL;
	g_autoptr(GByteArray) certificate = NULL;
	g_autoptr(GString) hex = g_string_new(NULL);
	g_autoptr(GBytes) before = NULL;

	if (!strake_openpgp_fingerprint(keys->signing, keys->created_s, fingerprint, error))
		return false;
	for (size_t i = 0; i < sizeof(fingerprint); i++)
		g_string_append_printf(hex, "%02x", fingerprint[i]);
	keys->fingerprint = g_string_free(g_steal_pointer(&hex), FALSE);
	// The certificate on disk stays as it was made, whatever the project is called today.
	before = strake_file_read_at(keys->dir_fd, "signing.asc", KEY_MAX_BYTES, NULL);
	if (before != NULL) {
		gsize size;
		const char *data = g_bytes_get_data(before, &size);

		keys->public_text = g_strndup(data, size);
		return true;
	}
	certificate = strake_openpgp_certificate(keys->signing, keys->created_s, user_id, error);
	if (certificate == NULL)
		return false;
	text = strake_openpgp_armor("PGP PUBLIC KEY BLOCK", certificate->data, certificate->len);
	if (!strake_file_write_at(keys->dir_fd, "signing.asc", text, strlen(text), 0644, error))
		return false;
	keys->public_text = g_steal_pointer(&text);
	return true;
}

static char *default_dir(void)
{
	const char *given = g_getenv("STRAKE_KEYS");
	g_autofree char *data = NULL;

	if (given != NULL && *given != '\0')
		return g_canonicalize_filename(given, NULL);
	data = strake_path_user_data();
	return g_build_filename(data, "keys", NULL);
}

static bool open_dir(StrakeKeys *keys, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(keys->dir);
	struct stat st;

	if (!strake_path_mkdirs(AT_FDCWD, parent, error))
		return false;
	if (mkdir(keys->dir, 0700) < 0 && errno != EEXIST)
		return strake_error_errno(error, errno, "make directory", keys->dir);
	if (!strake_path_open_dir(AT_FDCWD, keys->dir, &keys->dir_fd, error))
		return false;
	if (fstat(keys->dir_fd, &st) < 0)
		return strake_error_errno(error, errno, "look at", keys->dir);
	if ((st.st_mode & 077) != 0)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"others may look into the key directory '%s' (mode %04o): run 'chmod 700 "
			"%s'",
			keys->dir, st.st_mode & 07777, keys->dir);
	return true;
}

StrakeKeys *strake_keys_open(const char *dir, const char *project, GError **error)
{
	g_autoptr(StrakeKeys) keys = g_new0(StrakeKeys, 1);
	g_autoptr(GBytes) text = NULL;
	g_auto(strake_fd) lock = -1;

	keys->dir_fd = -1;
	keys->dir = dir != NULL ? g_canonicalize_filename(dir, NULL) : default_dir();
	keys->project = g_strdup(project != NULL ? project : "Strake");
	if (!open_dir(keys, error) || !strake_file_lock(keys->dir_fd, ".lock", true, &lock, error))
		return NULL;
	if (faccessat(keys->dir_fd, "signing.pem", F_OK, 0) < 0 && !make_signing(keys, error))
		return NULL;
	keys->signing = read_private(keys, "signing.pem", &text, error);
	if (keys->signing == NULL || !parse_created(keys, text, error) ||
		!describe_signing(keys, error))
		return NULL;
	return g_steal_pointer(&keys);
}

static GByteArray *sign(
	const StrakeKeys *keys, GBytes *const *pieces, size_t n, int64_t time_s, GError **error)
{
	uint32_t time32 = (uint32_t)CLAMP(time_s, 0, (int64_t)UINT32_MAX);

	return strake_openpgp_sign(keys->signing, keys->created_s, pieces, n, time32, error);
}

GBytes *strake_keys_sign(
	const StrakeKeys *keys, GBytes *const *pieces, size_t n, int64_t time_s, GError **error)
{
	g_autoptr(GByteArray) packet = sign(keys, pieces, n, time_s, error);

	return packet != NULL ? g_byte_array_free_to_bytes(g_steal_pointer(&packet)) : NULL;
}

char *strake_keys_sign_armored(const StrakeKeys *keys, GBytes *data, int64_t time_s, GError **error)
{
	g_autoptr(GByteArray) packet = sign(keys, &data, 1, time_s, error);

	return packet != NULL ? strake_openpgp_armor("PGP SIGNATURE", packet->data, packet->len)
			      : NULL;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

// A self-signed certificate whose dates come from the signing key, not from the clock.
static X509 *make_certificate(const StrakeKeys *keys, EVP_PKEY *key, GError **error)
{
	g_autoptr(X509) certificate = X509_new();
	g_autofree char *name = g_strdup_printf("%s Secure Boot", keys->project);
	const time_t from = (time_t)keys->created_s;
	X509_NAME *subject = X509_get_subject_name(certificate);

	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	ASN1_TIME_set(X509_getm_notBefore(certificate), from);
	ASN1_TIME_adj(X509_getm_notAfter(certificate), from, 365 * SECURE_BOOT_YEARS, 0);
	if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
		X509_set_pubkey(certificate, key) != 1 ||
		X509_NAME_add_entry_by_txt(
			subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0) != 1 ||
		X509_set_issuer_name(certificate, subject) != 1 ||
		!add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") ||
		!add_extension(
			certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") ||
		!add_extension(certificate, NID_ext_key_usage, "codeSigning") ||
		!add_extension(certificate, NID_subject_key_identifier, "hash") ||
		X509_sign(certificate, key, EVP_sha256()) == 0) {
		strake_error_set(
			error, STRAKE_ERROR_FAILED, "making the Secure Boot certificate failed");
		return NULL;
	}
	return g_steal_pointer(&certificate);
}

static bool make_secure_boot(StrakeKeys *keys, GError **error)
{
	g_autoptr(EVP_PKEY) key = make_rsa(SECURE_BOOT_BITS, error);
	g_autoptr(X509) certificate = NULL;
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	g_autoptr(GBytes) text = NULL;
	gsize size;
	const void *data;

	if (key == NULL)
		return false;
	certificate = make_certificate(keys, key, error);
	if (certificate == NULL)
		return false;
	if (PEM_write_bio_X509(bio, certificate) != 1)
		return strake_error_set(
			error, STRAKE_ERROR_FAILED, "writing the Secure Boot certificate failed");
	text = bio_bytes(bio);
	data = g_bytes_get_data(text, &size);
	// The certificate last: both are there when it is.
	return write_private(keys, "secure-boot.pem", key, "", error) &&
	       strake_file_write_at(keys->dir_fd, "secure-boot.crt", data, size, 0644, error);
}

bool strake_keys_secure_boot(const StrakeKeys *keys, GBytes **out_key, GBytes **out_certificate,
	char **out_key_path, char **out_certificate_path, GError **error)
{
	g_autoptr(GBytes) key = NULL;
	g_autoptr(GBytes) certificate = NULL;
	g_auto(strake_fd) lock = -1;

	if (!strake_file_lock(keys->dir_fd, ".lock", true, &lock, error))
		return false;
	if (faccessat(keys->dir_fd, "secure-boot.crt", F_OK, 0) < 0 &&
		!make_secure_boot((StrakeKeys *)keys, error))
		return false;
	key = strake_file_read_at(keys->dir_fd, "secure-boot.pem", KEY_MAX_BYTES, error);
	certificate = key != NULL ? strake_file_read_at(
					    keys->dir_fd, "secure-boot.crt", KEY_MAX_BYTES, error)
				  : NULL;
	if (certificate == NULL)
		return false;
	if (out_key != NULL)
		*out_key = g_steal_pointer(&key);
	if (out_certificate != NULL)
		*out_certificate = g_steal_pointer(&certificate);
	if (out_key_path != NULL)
		*out_key_path = g_build_filename(keys->dir, "secure-boot.pem", NULL);
	if (out_certificate_path != NULL)
		*out_certificate_path = g_build_filename(keys->dir, "secure-boot.crt", NULL);
	return true;
}
