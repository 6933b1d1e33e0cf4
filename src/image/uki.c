// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Sections in the order that systemd's ukify uses: what is measured first stands first.
#include "image/uki.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"
#include "format/authenticode.h"
#include "format/pe.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

GBytes *strake_uki_build(const StrakeUki *uki, GError **error)
{
	g_autoptr(GBytes) cmdline = g_bytes_new(uki->cmdline, strlen(uki->cmdline));
	g_autoptr(GBytes) uname =
		uki->uname != NULL ? g_bytes_new(uki->uname, strlen(uki->uname)) : NULL;
	StrakePeNewSection sections[5];
	size_t n = 0;
	StrakePe kernel;
	StrakePe stub;

	if (!strake_pe_parse(uki->kernel, "kernel", &kernel, error) ||
		!strake_pe_parse(uki->stub, "boot stub", &stub, error))
		return NULL;
	if (kernel.machine != stub.machine) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"kernel and boot stub are for different machines (0x%04x, 0x%04x)",
			kernel.machine, stub.machine);
		return NULL;
	}
	if (uki->os_release != NULL)
		sections[n++] = (StrakePeNewSection){".osrel", uki->os_release};
	sections[n++] = (StrakePeNewSection){".cmdline", cmdline};
	if (uname != NULL)
		sections[n++] = (StrakePeNewSection){".uname", uname};
	sections[n++] = (StrakePeNewSection){".initrd", uki->initrd};
	sections[n++] = (StrakePeNewSection){".linux", uki->kernel};
	return strake_pe_add_sections(uki->stub, "boot stub", sections, n, error);
}

static BIO *bio_of(GBytes *bytes)
{
	return BIO_new_mem_buf(g_bytes_get_data(bytes, NULL), (int)g_bytes_get_size(bytes));
}

GBytes *strake_uki_sign(
	GBytes *program, const char *name, GBytes *key, GBytes *certificate, GError **error)
{
	BIO *key_bio = bio_of(key);
	BIO *certificate_bio = bio_of(certificate);
	g_autoptr(EVP_PKEY) pkey = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
	g_autoptr(X509) x509 = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL);
	g_autoptr(GBytes) signature = NULL;
	uint8_t digest[32];

	BIO_free(key_bio);
	BIO_free(certificate_bio);
	if (pkey == NULL || x509 == NULL || EVP_PKEY_base_id(pkey) != EVP_PKEY_RSA ||
		X509_check_private_key(x509, pkey) != 1) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"Secure Boot key: expected an RSA key and its certificate, both in PEM "
			"form");
		return NULL;
	}
	if (!strake_pe_digest(program, name, digest, error))
		return NULL;
	signature = strake_authenticode_sign(digest, pkey, x509, error);
	return signature != NULL ? strake_pe_attach(program, name, signature, error) : NULL;
}
