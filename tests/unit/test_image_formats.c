// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The formats of disk images: partition tables, VHD footers, initramfs archives, PE programs and
// their signatures.
#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/authenticode.h"
#include "format/gpt.h"
#include "format/newc.h"
#include "format/pe.h"
#include "format/vhd.h"

static const char uuid_disk[] = "3a9835cf-c382-858d-83d3-e787e052aa5f";
static const char uuid_one[] = "9421b44e-1dfa-860a-9774-eac009b34657";

static StrakeGptPartition partition(const char *name, uint64_t first, uint64_t last)
{
	StrakeGptPartition p = {.type = STRAKE_GPT_TYPE_ESP,
		.first_sector = first,
		.last_sector = last,
		.flags = 1ull << STRAKE_GPT_FLAG_GROW};

	g_strlcpy(p.uuid, uuid_one, sizeof(p.uuid));
	g_strlcpy(p.name, name, sizeof(p.name));
	return p;
}

static void test_gpt_round_trip(void)
{
	const StrakeGptPartition in[] = {
		partition("esp", 2048, 4095), partition("root", 4096, 9999)};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) head = NULL;
	g_autoptr(GBytes) tail = NULL;
	g_autoptr(GArray) out = NULL;

	g_assert_true(strake_gpt_format(uuid_disk, 20000, in, 2, &head, &tail, &error));
	g_assert_cmpuint(g_bytes_get_size(head), ==, STRAKE_GPT_HEAD_BYTES);
	g_assert_cmpuint(g_bytes_get_size(tail), ==, STRAKE_GPT_TAIL_BYTES);
	out = strake_gpt_parse(head, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(out->len, ==, 2);
	for (guint i = 0; i < 2; i++) {
		const StrakeGptPartition *p = &g_array_index(out, StrakeGptPartition, i);
		g_assert_cmpstr(p->name, ==, in[i].name);
		g_assert_cmpstr(p->type, ==, in[i].type);
		g_assert_cmpstr(p->uuid, ==, in[i].uuid);
		g_assert_cmpuint(p->first_sector, ==, in[i].first_sector);
		g_assert_cmpuint(p->last_sector, ==, in[i].last_sector);
		g_assert_cmphex(p->flags, ==, in[i].flags);
	}
}

static void test_gpt_refuses(void)
{
	const StrakeGptPartition rows[][2] = {
		{partition("overlap", 2048, 4096), partition("b", 4096, 5000)},
		{partition("low", 10, 20), partition("b", 4096, 5000)},
		{partition("backwards", 3000, 2999), partition("b", 4096, 5000)},
		{partition("a", 2048, 4095), partition("beyond", 4096, 19999)},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) head = NULL;
		g_autoptr(GBytes) tail = NULL;

		g_assert_false(
			strake_gpt_format(uuid_disk, 20000, rows[i], 2, &head, &tail, &error));
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_null(head);
	}
}

static void test_gpt_damage(void)
{
	const StrakeGptPartition in[] = {partition("esp", 2048, 4095)};
	const struct {
		size_t at;
		int code;
	} rows[] = {
		{512, STRAKE_ERROR_INVALID},         // magic
		{512 + 40, STRAKE_ERROR_INTEGRITY},  // header field
		{1024 + 60, STRAKE_ERROR_INTEGRITY}, // entry
	};
	g_autoptr(GBytes) head = NULL;
	g_autoptr(GBytes) tail = NULL;

	g_assert_true(strake_gpt_format(uuid_disk, 20000, in, 1, &head, &tail, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree uint8_t *copy =
			g_memdup2(g_bytes_get_data(head, NULL), g_bytes_get_size(head));
		g_autoptr(GBytes) bytes = NULL;

		copy[rows[i].at] ^= 1;
		bytes = g_bytes_new(copy, g_bytes_get_size(head));
		g_assert_null(strake_gpt_parse(bytes, &error));
		g_assert_error(error, STRAKE_ERROR, rows[i].code);
	}
}

static void test_gpt_uuid(void)
{
	char a[37];
	char b[37];
	g_autofree char *digest = strake_digest_data(STRAKE_DIGEST_SHA256, "x", 1);

	strake_gpt_uuid_from_digest(digest, a);
	strake_gpt_uuid_from_digest(digest, b);
	g_assert_cmpstr(a, ==, b);
	g_assert_true(g_uuid_string_is_valid(a));
	g_assert_cmpint(a[14], ==, '8');
}

static void test_vhd(void)
{
	const StrakeVhdFooter in = {.size_bytes = 512ull << 20,
		.time_s = 1760000000,
		.uuid = "9421b44e-1dfa-860a-9774-eac009b34657"};
	StrakeVhdFooter odd = {.size_bytes = (512ull << 20) + 512};
	StrakeVhdFooter out = {0};
	uint8_t bytes[STRAKE_VHD_FOOTER_BYTES];
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_vhd_footer_format(&in, bytes, &error));
	g_assert_true(strake_vhd_footer_parse(bytes, sizeof(bytes), &out, &error));
	g_assert_cmpuint(out.size_bytes, ==, in.size_bytes);
	g_assert_cmpint(out.time_s, ==, in.time_s);
	g_assert_cmpstr(out.uuid, ==, in.uuid);
	bytes[50] ^= 1;
	g_assert_false(strake_vhd_footer_parse(bytes, sizeof(bytes), &out, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INTEGRITY);
	g_clear_error(&error);
	g_assert_false(strake_vhd_footer_parse(bytes, 511, &out, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_TRUNCATED);
	g_clear_error(&error);
	g_assert_false(strake_vhd_footer_format(&odd, bytes, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

static void test_newc(void)
{
	g_autoptr(StrakeNewc) archive = strake_newc_new(1760000000);
	g_autoptr(GBytes) bytes = NULL;
	const char *text;
	size_t size;

	strake_newc_add_dir(archive, "dev", 0755);
	strake_newc_add_chardev(archive, "dev/console", 0600, 5, 1);
	strake_newc_add_file(archive, "init", 0755, "abcde", 5);
	strake_newc_add_link(archive, "bin", "usr/bin");
	bytes = strake_newc_finish(archive);
	text = g_bytes_get_data(bytes, &size);
	g_assert_cmpuint(size % 4, ==, 0);
	g_assert_cmpint(
		memcmp(text,
			"07070100000001000041ED0000000000000000000000026"
			"8E7780000000000000000000000000000000000000000000000000400000000dev",
			110 + 3),
		==, 0);
	g_assert_nonnull(g_strstr_len(text + size - 124, 124, "TRAILER!!!"));
}

// A PE32+ file of one section and nothing to run, as small as the reader allows.
static GBytes *tiny_pe(void)
{
	GByteArray *out = g_byte_array_new();
	uint8_t head[1024] = {0};
	uint8_t *coff = head + 0x44;
	uint8_t *optional = coff + 20;
	uint8_t *section = optional + 240;

	memcpy(head, "MZ", 2);
	head[0x3c] = 0x40;
	memcpy(head + 0x40, "PE\0\0", 4);
	coff[0] = 0x64; // x86-64
	coff[1] = 0x86;
	coff[2] = 1;
	coff[16] = 240;
	optional[0] = 0x0b;
	optional[1] = 0x02;
	optional[33] = 0x10; // section alignment 4096
	optional[37] = 0x02; // file alignment 512
	optional[57] = 0x20; // image size 8192
	optional[61] = 0x04; // headers 1024
	optional[108] = 16;
	memcpy(section, ".text", 5);
	section[8] = 5;     // virtual size
	section[13] = 0x10; // virtual address 4096
	section[17] = 0x02; // raw size 512
	section[21] = 0x04; // raw offset 1024
	g_byte_array_append(out, head, sizeof(head));
	g_byte_array_set_size(out, 1536);
	memset(out->data + 1024, 0x90, 512);
	return g_byte_array_free_to_bytes(out);
}

static void test_pe_sections(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) plain = tiny_pe();
	g_autoptr(GBytes) a = g_bytes_new_static("first", 5);
	g_autoptr(GBytes) b = g_bytes_new_take(g_strnfill(5000, 'x'), 5000);
	const StrakePeNewSection sections[] = {{".cmdline", a}, {".linux", b}};
	const StrakePeNewSection twice[] = {{".text", a}};
	g_autoptr(GBytes) more = strake_pe_add_sections(plain, "t", sections, 2, &error);
	const StrakePeSection *s;
	StrakePe pe;

	g_assert_no_error(error);
	g_assert_true(strake_pe_parse(more, "t", &pe, &error));
	g_assert_cmpuint(pe.n_sections, ==, 3);
	s = strake_pe_find(&pe, ".cmdline");
	g_assert_nonnull(s);
	g_assert_cmpuint(s->virtual_address, ==, 0x2000);
	g_assert_cmpmem((const char *)g_bytes_get_data(more, NULL) + s->raw_offset, s->virtual_size,
		"first", 5);
	s = strake_pe_find(&pe, ".linux");
	g_assert_cmpuint(s->virtual_address, ==, 0x3000);
	g_assert_cmpuint(s->virtual_size, ==, 5000);
	g_assert_cmpuint(s->raw_size, ==, 5120);
	g_assert_cmpuint(pe.image_size, ==, 0x5000);
	g_assert_null(strake_pe_add_sections(plain, "t", twice, 1, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

static void test_pe_cut(void)
{
	g_autoptr(GBytes) whole = tiny_pe();

	for (size_t n = 0; n < g_bytes_get_size(whole); n += 7) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(whole, 0, n);
		StrakePe pe;

		g_assert_false(strake_pe_parse(part, "cut", &pe, &error));
		g_assert_nonnull(error);
	}
}

typedef struct {
	EVP_PKEY *key;
	X509 *certificate;
} Pair;

static Pair make_pair(void)
{
	Pair p = {EVP_RSA_gen(2048), X509_new()};
	X509_NAME *name = X509_get_subject_name(p.certificate);

	X509_set_version(p.certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(p.certificate), 7);
	X509_gmtime_adj(X509_getm_notBefore(p.certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(p.certificate), 3600);
	X509_set_pubkey(p.certificate, p.key);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(p.certificate, name);
	X509_sign(p.certificate, p.key, EVP_sha256());
	return p;
}

// OpenSSL as judge: the message parses, and its attributes are signed by the key.
static void test_pe_signature(void)
{
	Pair p = make_pair();
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) plain = tiny_pe();
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GBytes) again = NULL;
	g_autoptr(GBytes) program = NULL;
	uint8_t before[32];
	uint8_t after[32];
	const unsigned char *der;
	PKCS7 *pkcs7;
	PKCS7_SIGNER_INFO *signer;
	uint8_t *set = NULL;
	int set_size;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	StrakePe pe;

	g_assert_true(strake_pe_digest(plain, "t", before, &error));
	message = strake_authenticode_sign(before, p.key, p.certificate, &error);
	again = strake_authenticode_sign(before, p.key, p.certificate, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(message, again));
	der = g_bytes_get_data(message, NULL);
	pkcs7 = d2i_PKCS7(NULL, &der, (long)g_bytes_get_size(message));
	g_assert_nonnull(pkcs7);
	signer = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(pkcs7), 0);
	set_size = ASN1_item_i2d(
		(ASN1_VALUE *)signer->auth_attr, &set, ASN1_ITEM_rptr(PKCS7_ATTR_SIGN));
	g_assert_cmpint(set_size, >, 0);
	g_assert_cmpint(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, p.key), ==, 1);
	g_assert_cmpint(EVP_DigestVerify(md, signer->enc_digest->data,
				(size_t)signer->enc_digest->length, set, (size_t)set_size),
		==, 1);
	program = strake_pe_attach(plain, "t", message, &error);
	g_assert_no_error(error);
	g_assert_true(strake_pe_parse(program, "t", &pe, &error));
	g_assert_cmpuint(pe.certificates_size % 8, ==, 0);
	g_assert_true(strake_pe_digest(program, "t", after, &error));
	g_assert_cmpmem(before, 32, after, 32); // signing does not change what is signed
	OPENSSL_free(set);
	EVP_MD_CTX_free(md);
	PKCS7_free(pkcs7);
	EVP_PKEY_free(p.key);
	X509_free(p.certificate);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gpt/round-trip", test_gpt_round_trip);
	g_test_add_func("/gpt/refuses", test_gpt_refuses);
	g_test_add_func("/gpt/damage", test_gpt_damage);
	g_test_add_func("/gpt/uuid", test_gpt_uuid);
	g_test_add_func("/vhd", test_vhd);
	g_test_add_func("/newc", test_newc);
	g_test_add_func("/pe/sections", test_pe_sections);
	g_test_add_func("/pe/cut", test_pe_cut);
	g_test_add_func("/pe/signature", test_pe_signature);
	return g_test_run();
}
