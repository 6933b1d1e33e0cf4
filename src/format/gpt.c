// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// GPT writer and reader. GUIDs are stored with their first three fields in little-endian order.
#include "format/gpt.h"

#include <string.h>
#include <zlib.h>

#include "base/cursor.h"
#include "base/error.h"

enum { ENTRY_BYTES = 128, ENTRIES_BYTES = ENTRY_BYTES * STRAKE_GPT_MAX_PARTITIONS };

static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static bool guid_to_bytes(const char *text, uint8_t out[16])
{
	uint8_t raw[16];
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		size_t at = (size_t)(p - text);
		if (at == 8 || at == 13 || at == 18 || at == 23) {
			if (*p != '-')
				return false;
			continue;
		}
		if (!g_ascii_isxdigit(*p) || n >= 32)
			return false;
		raw[n / 2] =
			(uint8_t)((n % 2 != 0 ? raw[n / 2] << 4 : 0) | g_ascii_xdigit_value(*p));
		n++;
	}
	if (n != 32)
		return false;
	for (size_t i = 0; i < 16; i++)
		out[i] = raw[guid_order[i]];
	return true;
}

static void guid_to_text(const uint8_t in[16], char out[37])
{
	uint8_t r[16];

	for (size_t i = 0; i < 16; i++)
		r[guid_order[i]] = in[i];
	g_snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
		r[13], r[14], r[15]);
}

void strake_gpt_uuid_from_digest(const char *sha256, char out[37])
{
	char hex[33];

	g_return_if_fail(strlen(sha256) >= 32);
	memcpy(hex, sha256, 32);
	hex[12] = '8';
	hex[16] = "89ab"[g_ascii_xdigit_value(hex[16]) & 3];
	g_snprintf(
		out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static bool format_entries(const StrakeGptPartition *partitions, size_t n, uint64_t disk_sectors,
	uint8_t *out, GError **error)
{
	uint64_t lowest = 34;

	if (n > STRAKE_GPT_MAX_PARTITIONS)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"partition table: %zu partitions, at most 128 fit", n);
	for (size_t i = 0; i < n; i++) {
		const StrakeGptPartition *p = &partitions[i];
		uint8_t *e = out + i * ENTRY_BYTES;

		if (!guid_to_bytes(p->type, e) || !guid_to_bytes(p->uuid, e + 16))
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"partition '%s': type '%s' or UUID '%s' is not a UUID", p->name,
				p->type, p->uuid);
		if (p->first_sector < lowest || p->last_sector < p->first_sector ||
			p->last_sector > disk_sectors - 34)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"partition '%s': sectors %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT
				" overlap the one before or leave the disk",
				p->name, p->first_sector, p->last_sector);
		lowest = p->last_sector + 1;
		put(e + 32, p->first_sector, 8);
		put(e + 40, p->last_sector, 8);
		put(e + 48, p->flags, 8);
		for (size_t c = 0; c < 36 && p->name[c] != '\0'; c++)
			e[56 + 2 * c] = (uint8_t)p->name[c];
	}
	return true;
}

static bool format_header(uint8_t out[512], const char *disk_uuid, uint64_t disk_sectors,
	bool backup, uint32_t entries_crc, GError **error)
{
	uint64_t last = disk_sectors - 1;

	memcpy(out, "EFI PART", 8);
	put(out + 8, 0x00010000, 4);
	put(out + 12, 92, 4);
	put(out + 24, backup ? last : 1, 8);
	put(out + 32, backup ? 1 : last, 8);
	put(out + 40, 34, 8);
	put(out + 48, disk_sectors - 34, 8);
	if (!guid_to_bytes(disk_uuid, out + 56))
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "disk UUID '%s' is not a UUID", disk_uuid);
	put(out + 72, backup ? last - 32 : 2, 8);
	put(out + 80, STRAKE_GPT_MAX_PARTITIONS, 4);
	put(out + 84, ENTRY_BYTES, 4);
	put(out + 88, entries_crc, 4);
	put(out + 16, (uint32_t)crc32(0, out, 92), 4);
	return true;
}

static void format_protective_mbr(uint8_t out[512], uint64_t disk_sectors)
{
	uint8_t *e = out + 446;

	e[2] = 0x02; // head and sector of LBA 1
	e[4] = 0xee;
	memset(e + 5, 0xff, 3);
	put(e + 8, 1, 4);
	put(e + 12, MIN(disk_sectors - 1, UINT32_MAX), 4);
	out[510] = 0x55;
	out[511] = 0xaa;
}

bool strake_gpt_format(const char *disk_uuid, uint64_t disk_sectors,
	const StrakeGptPartition *partitions, size_t n_partitions, GBytes **out_head,
	GBytes **out_tail, GError **error)
{
	g_autofree uint8_t *head = g_malloc0(STRAKE_GPT_HEAD_BYTES);
	g_autofree uint8_t *tail = g_malloc0(STRAKE_GPT_TAIL_BYTES);
	uint8_t *entries = head + 1024;
	uint32_t crc;

	if (disk_sectors < 128)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"disk of %" G_GUINT64_FORMAT " sectors is too "
			"small for a partition table",
			disk_sectors);
	if (!format_entries(partitions, n_partitions, disk_sectors, entries, error))
		return false;
	memcpy(tail, entries, ENTRIES_BYTES);
	crc = (uint32_t)crc32(0, entries, ENTRIES_BYTES);
	format_protective_mbr(head, disk_sectors);
	if (!format_header(head + 512, disk_uuid, disk_sectors, false, crc, error) ||
		!format_header(tail + ENTRIES_BYTES, disk_uuid, disk_sectors, true, crc, error))
		return false;
	*out_head = g_bytes_new_take(g_steal_pointer(&head), STRAKE_GPT_HEAD_BYTES);
	*out_tail = g_bytes_new_take(g_steal_pointer(&tail), STRAKE_GPT_TAIL_BYTES);
	return true;
}

static void parse_entry(const uint8_t *raw, StrakeGptPartition *out)
{
	StrakeCursor c = strake_cursor(raw + 32, 24);

	guid_to_text(raw, out->type);
	guid_to_text(raw + 16, out->uuid);
	if (!strake_cursor_le64(&c, &out->first_sector) ||
		!strake_cursor_le64(&c, &out->last_sector) || !strake_cursor_le64(&c, &out->flags))
		g_assert_not_reached();
	for (size_t i = 0; i < 36; i++) {
		uint8_t low = raw[56 + 2 * i];
		out->name[i] = (char)(raw[57 + 2 * i] == 0 && low < 0x7f ? low : '?');
		if (low == 0 && raw[57 + 2 * i] == 0)
			out->name[i] = '\0';
	}
	out->name[36] = '\0';
}

static uint64_t get(const uint8_t *at, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = bytes; i-- > 0;)
		v = v << 8 | at[i];
	return v;
}

GArray *strake_gpt_parse(GBytes *head, GError **error)
{
	size_t size;
	const uint8_t *data = g_bytes_get_data(head, &size);
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(StrakeGptPartition));
	static const uint8_t unused[16];
	uint8_t header[92];
	uint64_t n;

	if (size < STRAKE_GPT_HEAD_BYTES) {
		strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"partition table: %zu bytes, %d expected", size, STRAKE_GPT_HEAD_BYTES);
		return NULL;
	}
	memcpy(header, data + 512, sizeof(header));
	n = get(header + 80, 4);
	if (memcmp(header, "EFI PART", 8) != 0 || get(header + 12, 4) != 92 ||
		get(header + 72, 8) != 2 || get(header + 84, 4) != ENTRY_BYTES ||
		n > STRAKE_GPT_MAX_PARTITIONS) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"partition table: no GPT header of the usual layout at sector 1");
		return NULL;
	}
	memset(header + 16, 0, 4);
	if (crc32(0, header, 92) != get(data + 512 + 16, 4) ||
		crc32(0, data + 1024, (uInt)(n * ENTRY_BYTES)) != get(header + 88, 4)) {
		strake_error_set(
			error, STRAKE_ERROR_INTEGRITY, "partition table: checksum does not fit");
		return NULL;
	}
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *raw = data + 1024 + i * ENTRY_BYTES;
		StrakeGptPartition p = {0};

		if (memcmp(raw, unused, 16) == 0)
			continue;
		parse_entry(raw, &p);
		g_array_append_val(list, p);
	}
	return g_steal_pointer(&list);
}
