// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Fixed VHD footer.
#include "format/vhd.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

enum { EPOCH_2000 = 946684800, TYPE_FIXED = 2, FEATURE_RESERVED = 2 };

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

// The specification's appendix "CHS Calculation".
static void put_geometry(uint8_t out[4], uint64_t sectors)
{
	uint64_t heads;
	uint64_t per_track;
	uint64_t tracks; // cylinders times heads

	if (sectors > 65535ull * 16 * 255)
		sectors = 65535ull * 16 * 255;
	if (sectors >= 65535ull * 16 * 63) {
		per_track = 255;
		heads = 16;
		tracks = sectors / per_track;
	} else {
		per_track = 17;
		tracks = sectors / per_track;
		heads = MAX((tracks + 1023) / 1024, 4);
		if (tracks >= heads * 1024 || heads > 16) {
			per_track = 31;
			heads = 16;
			tracks = sectors / per_track;
		}
		if (tracks >= heads * 1024) {
			per_track = 63;
			heads = 16;
			tracks = sectors / per_track;
		}
	}
	put(out, tracks / heads, 2);
	out[2] = (uint8_t)heads;
	out[3] = (uint8_t)per_track;
}

static uint32_t checksum(const uint8_t footer[STRAKE_VHD_FOOTER_BYTES])
{
	uint32_t sum = 0;

	for (size_t i = 0; i < STRAKE_VHD_FOOTER_BYTES; i++)
		if (i < 64 || i >= 68)
			sum += footer[i];
	return ~sum;
}

bool strake_vhd_footer_format(
	const StrakeVhdFooter *f, uint8_t out[STRAKE_VHD_FOOTER_BYTES], GError **error)
{
	size_t n = 0;

	if (f->size_bytes == 0 || f->size_bytes % STRAKE_VHD_ALIGN_BYTES != 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"VHD: disk size %" G_GUINT64_FORMAT " is not a multiple of 1 MiB",
			f->size_bytes);
	memset(out, 0, STRAKE_VHD_FOOTER_BYTES);
	memcpy(out, "conectix", 8);
	put(out + 8, FEATURE_RESERVED, 4);
	put(out + 12, 0x00010000, 4);
	put(out + 16, UINT64_MAX, 8);
	put(out + 24, (uint64_t)MAX(f->time_s - EPOCH_2000, 0), 4);
	// Readers take the size field instead of the rounded geometry only from makers they know.
	memcpy(out + 28, "win ", 4);
	put(out + 32, 0x000a0000, 4);
	memcpy(out + 36, "Wi2k", 4);
	put(out + 40, f->size_bytes, 8);
	put(out + 48, f->size_bytes, 8);
	put_geometry(out + 56, f->size_bytes / 512);
	put(out + 60, TYPE_FIXED, 4);
	for (const char *p = f->uuid; *p != '\0' && n < 32; p++)
		if (g_ascii_isxdigit(*p)) {
			out[68 + n / 2] =
				(uint8_t)(out[68 + n / 2] << 4 | g_ascii_xdigit_value(*p));
			n++;
		}
	put(out + 64, checksum(out), 4);
	return true;
}

bool strake_vhd_footer_parse(const void *data, size_t size, StrakeVhdFooter *out, GError **error)
{
	const uint8_t *raw = data;
	StrakeCursor c = strake_cursor(data, size);
	uint32_t time = 0;
	uint32_t type = 0;
	uint32_t sum = 0;
	uint64_t bytes = 0;

	if (size < STRAKE_VHD_FOOTER_BYTES)
		return strake_error_set(
			error, STRAKE_ERROR_TRUNCATED, "VHD footer: %zu bytes, 512 expected", size);
	if (!strake_cursor_skip(&c, 24) || !strake_cursor_be32(&c, &time) ||
		!strake_cursor_skip(&c, 20) || !strake_cursor_be64(&c, &bytes) ||
		!strake_cursor_skip(&c, 4) || !strake_cursor_be32(&c, &type) ||
		!strake_cursor_be32(&c, &sum))
		g_assert_not_reached();
	if (memcmp(raw, "conectix", 8) != 0 || type != TYPE_FIXED)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"VHD footer: cookie or type is not that of a fixed disk");
	if (sum != checksum(raw))
		return strake_error_set(
			error, STRAKE_ERROR_INTEGRITY, "VHD footer: checksum does not fit");
	*out = (StrakeVhdFooter){.size_bytes = bytes, .time_s = (int64_t)time + EPOCH_2000};
	g_snprintf(out->uuid, sizeof(out->uuid),
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", raw[68],
		raw[69], raw[70], raw[71], raw[72], raw[73], raw[74], raw[75], raw[76], raw[77],
		raw[78], raw[79], raw[80], raw[81], raw[82], raw[83]);
	return true;
}
