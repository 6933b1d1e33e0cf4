// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The RPM header structure, written and read. Both headers of a package (signature and main) have
// this form; integers are big-endian:
//
//     header  = magic[8] count:u32 data_size:u32 entry[count] data[data_size]
//     magic   = 8e ad e8 01 00 00 00 00
//     entry   = tag:u32 type:u32 offset:i32 count:u32        sorted by tag, first is the region
//     region  = (62 or 63, BIN, offset of the trailer, 16)
//     trailer = entry (same tag, BIN, -16 * count, 16)       last 16 bytes of data
//
// Format: docs/formats/rpm-package.md section 3. Says nothing about what the tags mean.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

// -- writing

typedef struct StrakeRpmHeaderWriter StrakeRpmHeaderWriter;

StrakeRpmHeaderWriter *strake_rpm_header_writer_new(void);
void strake_rpm_header_writer_free(StrakeRpmHeaderWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpmHeaderWriter, strake_rpm_header_writer_free)

/** Each tag may be put once. A NULL @text puts nothing. */
void strake_rpm_header_put_string(StrakeRpmHeaderWriter *writer, uint32_t tag, const char *text);
/** strake_rpm_header_put_i18n: one string in the locale table's only language, "C". */
void strake_rpm_header_put_i18n(StrakeRpmHeaderWriter *writer, uint32_t tag, const char *text);
/** Arrays: @count values; nothing is put when @count is 0. */
void strake_rpm_header_put_strings(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const char *const *texts, size_t count);
void strake_rpm_header_put_u16(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const uint16_t *values, size_t count);
void strake_rpm_header_put_u32(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const uint32_t *values, size_t count);
void strake_rpm_header_put_u64(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const uint64_t *values, size_t count);
void strake_rpm_header_put_bin(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const void *data, size_t size);

/** strake_rpm_header_put_raw: a tag as strake_rpm_header_raw gave it. */
void strake_rpm_header_put_raw(StrakeRpmHeaderWriter *writer, uint32_t tag, uint32_t type,
	uint32_t count, const uint8_t *data, size_t size);

/** strake_rpm_header_finish: the header's bytes with magic and region @region_tag; the writer may
 * only be freed afterwards. */
GBytes *strake_rpm_header_finish(StrakeRpmHeaderWriter *writer, uint32_t region_tag);

// -- reading

typedef struct StrakeRpmHeader StrakeRpmHeader;

/**
 * strake_rpm_header_parse: checks the whole structure (counts, bounds, types, strings end) before
 * it returns, so that the getters cannot fail. The sizes are limited to what rpm accepts.
 * @data: starts at the magic; may be longer than the header; borrowed for the header's life
 * @out_size: bytes that the header takes
 * Errors: INVALID, TRUNCATED, LIMIT.
 */
StrakeRpmHeader *strake_rpm_header_parse(const uint8_t *data, size_t size, size_t *out_size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_rpm_header_free(StrakeRpmHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpmHeader, strake_rpm_header_free)

bool strake_rpm_header_has(const StrakeRpmHeader *header, uint32_t tag);
/** Number of values; 0 when the tag is absent. */
size_t strake_rpm_header_count(const StrakeRpmHeader *header, uint32_t tag);
/** The string @index of a string, string array or i18n tag; NULL when there is none. Borrowed. */
const char *strake_rpm_header_string(const StrakeRpmHeader *header, uint32_t tag, size_t index);
/** The integer @index of an INT16, INT32 or INT64 tag; @fallback when there is none. */
uint64_t strake_rpm_header_number(
	const StrakeRpmHeader *header, uint32_t tag, size_t index, uint64_t fallback);
/** A tag of any type as it is stored (integers big-endian), or NULL. Borrowed. */
const uint8_t *strake_rpm_header_raw(const StrakeRpmHeader *header, uint32_t tag,
	uint32_t *out_type, uint32_t *out_count, size_t *out_size);
/** The tags in order; free with g_free. */
uint32_t *strake_rpm_header_tags(const StrakeRpmHeader *header, size_t *out_count);
