// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// PE32+ reader and the few edits that a unified kernel image needs.
#include "format/pe.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

enum {
	COFF_BYTES = 20,
	OPTIONAL_BYTES = 112, // fixed part of PE32+, before the data directories
	DIRECTORY_BYTES = 8,
	DIRECTORY_CERTIFICATES = 4,
	SECTION_BYTES = 40,
	CERTIFICATE_HEADER_BYTES = 8,
};

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v & 0xffff);
	put16(at + 2, v >> 16);
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static bool broken(GError **error, const char *name, const char *what)
{
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "%s: not a usable PE32+ program: %s", name, what);
}

static bool cut_short(GError **error, const char *name, const char *what)
{
	return strake_error_set(
		error, STRAKE_ERROR_TRUNCATED, "%s: PE file ends inside its %s", name, what);
}

static bool parse_optional(
	StrakeCursor c, size_t at, StrakePe *pe, const char *name, GError **error)
{
	uint16_t magic = 0;
	uint32_t n_directories = 0;

	if (!strake_cursor_le16(&c, &magic) || !strake_cursor_skip(&c, 30) ||
		!strake_cursor_le32(&c, &pe->section_alignment) ||
		!strake_cursor_le32(&c, &pe->file_alignment) || !strake_cursor_skip(&c, 16) ||
		!strake_cursor_le32(&c, &pe->image_size) ||
		!strake_cursor_le32(&c, &pe->headers_size) || !strake_cursor_skip(&c, 44) ||
		!strake_cursor_le32(&c, &n_directories))
		return cut_short(error, name, "optional header");
	if (magic != 0x20b)
		return broken(error, name, "the optional header is not of 64-bit form");
	if (pe->section_alignment == 0 || pe->file_alignment == 0 ||
		(pe->section_alignment & (pe->section_alignment - 1)) != 0 ||
		(pe->file_alignment & (pe->file_alignment - 1)) != 0 ||
		pe->section_alignment > 1 << 24 || pe->file_alignment > 1 << 16)
		return broken(error, name, "an alignment is not a power of two in range");
	if (n_directories <= DIRECTORY_CERTIFICATES)
		return broken(error, name, "there is no certificate directory");
	pe->checksum_offset = at + 64;
	pe->certificates_entry_offset =
		at + OPTIONAL_BYTES + DIRECTORY_CERTIFICATES * DIRECTORY_BYTES;
	if (!strake_cursor_skip(&c, DIRECTORY_CERTIFICATES * DIRECTORY_BYTES) ||
		!strake_cursor_le32(&c, &pe->certificates_offset) ||
		!strake_cursor_le32(&c, &pe->certificates_size))
		return cut_short(error, name, "data directories");
	return true;
}

static bool parse_section(
	StrakeCursor *c, size_t file_size, StrakePeSection *s, const char *name, GError **error)
{
	const uint8_t *label;

	if (!strake_cursor_take(c, 8, &label) || !strake_cursor_le32(c, &s->virtual_size) ||
		!strake_cursor_le32(c, &s->virtual_address) ||
		!strake_cursor_le32(c, &s->raw_size) || !strake_cursor_le32(c, &s->raw_offset) ||
		!strake_cursor_skip(c, 12) || !strake_cursor_le32(c, &s->flags))
		return cut_short(error, name, "section table");
	memcpy(s->name, label, 8);
	s->name[8] = '\0';
	if (s->raw_size > 0 && (uint64_t)s->raw_offset + s->raw_size > file_size)
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"%s: section '%.8s' lies behind the end of the PE file", name, s->name);
	return true;
}

bool strake_pe_parse(GBytes *file, const char *name, StrakePe *out, GError **error)
{
	size_t size;
	const uint8_t *data = g_bytes_get_data(file, &size);
	StrakeCursor c = strake_cursor(data, size);
	StrakePe pe = {0};
	uint32_t start = 0;
	uint16_t optional_size = 0;
	const uint8_t *magic;

	if (size < 64 || data[0] != 'M' || data[1] != 'Z')
		return broken(error, name, "it does not begin with 'MZ'");
	if (!strake_cursor_skip(&c, 60) || !strake_cursor_le32(&c, &start))
		return cut_short(error, name, "DOS header");
	c = strake_cursor(data, size);
	if (!strake_cursor_skip(&c, start) || !strake_cursor_take(&c, 4, &magic))
		return cut_short(error, name, "headers");
	if (memcmp(magic, "PE\0\0", 4) != 0)
		return broken(error, name, "no 'PE' where the DOS header points");
	pe.coff_offset = (size_t)start + 4;
	pe.optional_offset = pe.coff_offset + COFF_BYTES;
	if (!strake_cursor_le16(&c, &pe.machine) || !strake_cursor_le16(&c, &pe.n_sections) ||
		!strake_cursor_skip(&c, 12) || !strake_cursor_le16(&c, &optional_size) ||
		!strake_cursor_skip(&c, 2))
		return cut_short(error, name, "COFF header");
	if (pe.n_sections > STRAKE_PE_MAX_SECTIONS)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: PE file has %u sections, at most %d are read", name, pe.n_sections,
			STRAKE_PE_MAX_SECTIONS);
	if (!parse_optional(strake_cursor(c.at, MIN(c.left, optional_size)), pe.optional_offset,
		    &pe, name, error))
		return false;
	if (!strake_cursor_skip(&c, optional_size))
		return cut_short(error, name, "optional header");
	pe.section_table_offset = pe.optional_offset + optional_size;
	for (size_t i = 0; i < pe.n_sections; i++)
		if (!parse_section(&c, size, &pe.sections[i], name, error))
			return false;
	if (pe.headers_size > size ||
		pe.headers_size < pe.section_table_offset + (size_t)pe.n_sections * SECTION_BYTES)
		return broken(error, name, "the size of its headers is wrong");
	if (pe.certificates_size > 0 &&
		(uint64_t)pe.certificates_offset + pe.certificates_size > size)
		return cut_short(error, name, "certificate table");
	if (pe.certificates_size > 0 && pe.certificates_offset < pe.headers_size)
		return broken(error, name, "its certificate table lies in the headers");
	*out = pe;
	return true;
}

const StrakePeSection *strake_pe_find(const StrakePe *pe, const char *name)
{
	for (size_t i = 0; i < pe->n_sections; i++)
		if (strcmp(pe->sections[i].name, name) == 0)
			return &pe->sections[i];
	return NULL;
}

// The sum of 16-bit words with end-around carry, plus the size; the field itself counts as zero.
static void set_checksum(uint8_t *data, size_t size, size_t field)
{
	uint64_t sum = 0;

	put32(data + field, 0);
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint64_t)data[i] | (uint64_t)data[i + 1] << 8;
	if (size % 2 != 0)
		sum += data[size - 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	put32(data + field, (uint32_t)(sum + size));
}

// Ends of what the existing sections take, in memory and in the file.
static void find_ends(const StrakePe *pe, uint64_t *out_virtual, uint64_t *out_raw)
{
	uint64_t end = pe->headers_size;
	uint64_t raw = pe->headers_size;

	for (size_t i = 0; i < pe->n_sections; i++) {
		const StrakePeSection *s = &pe->sections[i];
		end = MAX(end, (uint64_t)s->virtual_address + s->virtual_size);
		if (s->raw_size > 0) // the place of nothing may be anywhere
			raw = MAX(raw, (uint64_t)s->raw_offset + s->raw_size);
	}
	*out_virtual = align_up(end, pe->section_alignment);
	*out_raw = align_up(raw, pe->file_alignment);
}

static bool check_room(const StrakePe *pe, const char *name, const StrakePeNewSection *sections,
	size_t n, GError **error)
{
	if (pe->certificates_size > 0)
		return broken(
			error, name, "it is signed; sections can only be added before signing");
	if (pe->n_sections + n > STRAKE_PE_MAX_SECTIONS ||
		pe->section_table_offset + (pe->n_sections + n) * SECTION_BYTES > pe->headers_size)
		return broken(error, name, "its header has no room for more sections");
	for (size_t i = 0; i < n; i++) {
		if (strlen(sections[i].name) > 8 || strake_pe_find(pe, sections[i].name) != NULL)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"%s: cannot add PE section '%s': the name is too long or in use",
				name, sections[i].name);
		if (g_bytes_get_size(sections[i].data) > 1u << 30)
			return strake_error_set(error, STRAKE_ERROR_LIMIT,
				"%s: PE section '%s' would be larger than 1 GiB", name,
				sections[i].name);
	}
	return true;
}

GBytes *strake_pe_add_sections(GBytes *file, const char *name, const StrakePeNewSection *sections,
	size_t n_sections, GError **error)
{
	size_t size;
	const uint8_t *data = g_bytes_get_data(file, &size);
	g_autofree uint8_t *out = NULL;
	StrakePe pe;
	uint64_t at_virtual;
	uint64_t at_raw;
	uint64_t total;

	if (!strake_pe_parse(file, name, &pe, error) ||
		!check_room(&pe, name, sections, n_sections, error))
		return NULL;
	find_ends(&pe, &at_virtual, &at_raw);
	total = at_raw;
	for (size_t i = 0; i < n_sections; i++)
		total += align_up(g_bytes_get_size(sections[i].data), pe.file_alignment);
	if (total > 1u << 31) {
		strake_error_set(error, STRAKE_ERROR_LIMIT, "%s: PE file would pass 2 GiB", name);
		return NULL;
	}
	out = g_try_malloc0(total);
	if (out == NULL) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: no memory for %" G_GUINT64_FORMAT " bytes", name, total);
		return NULL;
	}
	memcpy(out, data, MIN(size, at_raw));
	for (size_t i = 0; i < n_sections; i++) {
		size_t length;
		const void *bytes = g_bytes_get_data(sections[i].data, &length);
		uint64_t raw_length = align_up(length, pe.file_alignment);
		uint8_t *h = out + pe.section_table_offset + (pe.n_sections + i) * SECTION_BYTES;

		memset(h, 0, SECTION_BYTES);
		memcpy(h, sections[i].name, strlen(sections[i].name));
		put32(h + 8, (uint32_t)length);
		put32(h + 12, (uint32_t)at_virtual);
		put32(h + 16, (uint32_t)raw_length);
		put32(h + 20, (uint32_t)at_raw);
		put32(h + 36, STRAKE_PE_SECTION_READ_DATA);
		if (length > 0)
			memcpy(out + at_raw, bytes, length);
		at_raw += raw_length;
		at_virtual = align_up(at_virtual + MAX(length, 1), pe.section_alignment);
	}
	put16(out + pe.coff_offset + 2, (uint32_t)(pe.n_sections + n_sections));
	put32(out + pe.optional_offset + 56, (uint32_t)at_virtual);
	set_checksum(out, total, pe.checksum_offset);
	return g_bytes_new_take(g_steal_pointer(&out), total);
}

bool strake_pe_digest(GBytes *file, const char *name, uint8_t out_sha256[32], GError **error)
{
	static const uint8_t zeros[8];
	size_t size;
	const uint8_t *data = g_bytes_get_data(file, &size);
	EVP_MD_CTX *md;
	StrakePe pe;
	size_t end;
	size_t after_checksum;
	size_t after_entry;
	bool ok;

	if (!strake_pe_parse(file, name, &pe, error))
		return false;
	end = pe.certificates_size > 0 ? pe.certificates_offset : size;
	after_checksum = pe.checksum_offset + 4;
	after_entry = pe.certificates_entry_offset + DIRECTORY_BYTES;
	if (end < after_entry)
		return broken(error, name, "its certificate table lies in the headers");
	md = EVP_MD_CTX_new();
	ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(md, data, pe.checksum_offset) == 1 &&
	     EVP_DigestUpdate(md, data + after_checksum,
		     pe.certificates_entry_offset - after_checksum) == 1 &&
	     EVP_DigestUpdate(md, data + after_entry, end - after_entry) == 1 &&
	     EVP_DigestUpdate(md, zeros, (8 - end % 8) % 8) == 1 &&
	     EVP_DigestFinal_ex(md, out_sha256, NULL) == 1;
	EVP_MD_CTX_free(md);
	if (!ok)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "%s: SHA-256 failed", name);
	return true;
}

GBytes *strake_pe_attach(GBytes *file, const char *name, GBytes *signature, GError **error)
{
	size_t size;
	size_t signature_size;
	const uint8_t *data = g_bytes_get_data(file, &size);
	const void *der = g_bytes_get_data(signature, &signature_size);
	g_autofree uint8_t *out = NULL;
	StrakePe pe;
	uint64_t end_virtual;
	uint64_t end_raw;
	size_t begin;
	size_t table;

	if (!strake_pe_parse(file, name, &pe, error))
		return NULL;
	if (signature_size == 0 || signature_size > 1 << 20) {
		strake_error_set(error, STRAKE_ERROR_LIMIT, "%s: signature of %zu bytes", name,
			signature_size);
		return NULL;
	}
	find_ends(&pe, &end_virtual, &end_raw);
	begin = align_up(pe.certificates_size > 0 ? pe.certificates_offset : size, 8);
	if (begin < MIN(end_raw, size)) {
		broken(error, name, "its certificate table lies among the sections");
		return NULL;
	}
	table = align_up(CERTIFICATE_HEADER_BYTES + signature_size, 8);
	out = g_malloc0(begin + table);
	memcpy(out, data, MIN(size, begin));
	put32(out + begin, (uint32_t)table);
	put16(out + begin + 4, 0x0200); // WIN_CERT_REVISION_2_0
	put16(out + begin + 6, 0x0002); // WIN_CERT_TYPE_PKCS_SIGNED_DATA
	memcpy(out + begin + CERTIFICATE_HEADER_BYTES, der, signature_size);
	put32(out + pe.certificates_entry_offset, (uint32_t)begin);
	put32(out + pe.certificates_entry_offset + 4, (uint32_t)table);
	set_checksum(out, begin + table, pe.checksum_offset);
	return g_bytes_new_take(g_steal_pointer(&out), begin + table);
}
