// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads the RPM header structure. Everything is checked in parse; getters trust it.
#include <endian.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "format/rpm_header.h"
#include "format/rpm_tags.h"

// The limits of rpm itself (header.c): 64 Ki entries, 256 MiB of data.
enum { MAX_ENTRIES = 0xffff, MAX_DATA = 256 << 20, ENTRY_BYTES = 16, INTRO_BYTES = 16 };

typedef struct {
	uint32_t tag, type, offset, count;
	size_t size;          // bytes of data
	const char **strings; // string types: start of each, NULL else
} Entry;

struct StrakeRpmHeader {
	const uint8_t *data;
	size_t data_size;
	GArray *entries; // of Entry, sorted by tag, without the region
};

static void entry_clear(gpointer data)
{
	g_free(((Entry *)data)->strings);
}

void strake_rpm_header_free(StrakeRpmHeader *header)
{
	if (header == NULL)
		return;
	g_array_unref(header->entries);
	g_free(header);
}

/* Finds the ends of @entry's strings inside the data. */
static bool read_strings(const StrakeRpmHeader *header, Entry *entry, GError **error)
{
	const char *at = (const char *)header->data + entry->offset;
	size_t left = header->data_size - entry->offset;

	if (entry->count > left) // each string takes a byte at least; checked before allocating
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"RPM header: tag %u has %u strings in %zu bytes", entry->tag, entry->count,
			left);
	entry->strings = g_new(const char *, entry->count);
	for (uint32_t i = 0; i < entry->count; i++) {
		const char *end = memchr(at, '\0', left);

		if (end == NULL)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"RPM header: string %u of tag %u does not end", i, entry->tag);
		entry->strings[i] = at;
		left -= end + 1 - at;
		at = end + 1;
	}
	entry->size = (const uint8_t *)at - (header->data + entry->offset);
	return true;
}

static size_t type_size(uint32_t type)
{
	switch (type) {
	case STRAKE_RPM_TYPE_INT16:
		return 2;
	case STRAKE_RPM_TYPE_INT32:
		return 4;
	case STRAKE_RPM_TYPE_INT64:
		return 8;
	case 1: // char and int8, which rpm still reads
	case 2:
	case STRAKE_RPM_TYPE_BIN:
		return 1;
	default:
		return 0;
	}
}

static bool check_entry(const StrakeRpmHeader *header, Entry *entry, GError **error)
{
	size_t unit = type_size(entry->type);

	if (entry->count == 0 || entry->offset >= header->data_size)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"RPM header: tag %u lies outside the data", entry->tag);
	if (entry->type == STRAKE_RPM_TYPE_STRING && entry->count != 1)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"RPM header: tag %u is a string with count %u", entry->tag, entry->count);
	if (entry->type == STRAKE_RPM_TYPE_STRING || entry->type == STRAKE_RPM_TYPE_STRING_ARRAY ||
		entry->type == STRAKE_RPM_TYPE_I18N)
		return read_strings(header, entry, error);
	if (unit == 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"RPM header: tag %u has unknown type %u", entry->tag, entry->type);
	if (entry->count > (header->data_size - entry->offset) / unit || entry->offset % unit != 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"RPM header: tag %u lies outside the data", entry->tag);
	entry->size = entry->count * unit;
	return true;
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
	uint32_t x = ((const Entry *)a)->tag, y = ((const Entry *)b)->tag;

	return x < y ? -1 : x > y;
}

static bool read_entries(
	StrakeRpmHeader *header, StrakeCursor index, uint32_t count, GError **error)
{
	for (uint32_t i = 0; i < count; i++) {
		Entry entry = {0};

		if (!strake_cursor_be32(&index, &entry.tag) ||
			!strake_cursor_be32(&index, &entry.type) ||
			!strake_cursor_be32(&index, &entry.offset) ||
			!strake_cursor_be32(&index, &entry.count))
			return strake_error_set(
				error, STRAKE_ERROR_TRUNCATED, "RPM header: index ends early");
		if (!check_entry(header, &entry, error)) {
			entry_clear(&entry);
			return false;
		}
		g_array_append_val(header->entries, entry);
	}
	g_array_sort(header->entries, compare_entries);
	for (guint i = 1; i < header->entries->len; i++) {
		uint32_t tag = g_array_index(header->entries, Entry, i).tag;

		if (g_array_index(header->entries, Entry, i - 1).tag == tag)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"RPM header: tag %u appears twice", tag);
	}
	return true;
}

StrakeRpmHeader *strake_rpm_header_parse(
	const uint8_t *data, size_t size, size_t *out_size, GError **error)
{
	static const uint8_t magic[8] = {0x8e, 0xad, 0xe8, 0x01};
	g_autoptr(StrakeRpmHeader) header = g_new0(StrakeRpmHeader, 1);
	StrakeCursor c = strake_cursor(data, size);
	const uint8_t *start, *index;
	uint32_t count, data_size;

	header->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
	g_array_set_clear_func(header->entries, entry_clear);
	if (!strake_cursor_take(&c, sizeof(magic), &start) || !strake_cursor_be32(&c, &count) ||
		!strake_cursor_be32(&c, &data_size)) {
		strake_error_set(error, STRAKE_ERROR_TRUNCATED, "RPM header: only %zu bytes", size);
		return NULL;
	}
	if (memcmp(start, magic, sizeof(magic)) != 0) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "RPM header: wrong magic");
		return NULL;
	}
	if (count == 0 || count > MAX_ENTRIES || data_size > MAX_DATA) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"RPM header: %u entries and %u bytes of data are out of range", count,
			data_size);
		return NULL;
	}
	if (!strake_cursor_take(&c, (size_t)count * ENTRY_BYTES, &index) ||
		!strake_cursor_take(&c, data_size, &header->data)) {
		strake_error_set(error, STRAKE_ERROR_TRUNCATED, "RPM header: ends early");
		return NULL;
	}
	header->data_size = data_size;
	if (!read_entries(header, strake_cursor(index, (size_t)count * ENTRY_BYTES), count, error))
		return NULL;
	*out_size = size - c.left;
	return g_steal_pointer(&header);
}

static const Entry *find(const StrakeRpmHeader *header, uint32_t tag)
{
	guint low = 0, high = header->entries->len;

	while (low < high) {
		guint middle = (low + high) / 2;
		const Entry *entry = &g_array_index(header->entries, Entry, middle);

		if (entry->tag == tag)
			return entry;
		if (entry->tag < tag)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool strake_rpm_header_has(const StrakeRpmHeader *header, uint32_t tag)
{
	return find(header, tag) != NULL;
}

size_t strake_rpm_header_count(const StrakeRpmHeader *header, uint32_t tag)
{
	const Entry *entry = find(header, tag);

	return entry != NULL ? entry->count : 0;
}

const char *strake_rpm_header_string(const StrakeRpmHeader *header, uint32_t tag, size_t index)
{
	const Entry *entry = find(header, tag);

	if (entry == NULL || entry->strings == NULL || index >= entry->count)
		return NULL;
	return entry->strings[index];
}

uint64_t strake_rpm_header_number(
	const StrakeRpmHeader *header, uint32_t tag, size_t index, uint64_t fallback)
{
	const Entry *entry = find(header, tag);
	StrakeCursor c;
	uint16_t small = 0;
	uint32_t medium = 0;
	uint64_t large = 0;

	if (entry == NULL || index >= entry->count)
		return fallback;
	c = strake_cursor(header->data + entry->offset, entry->size);
	switch (entry->type) {
	case STRAKE_RPM_TYPE_INT16:
		return strake_cursor_skip(&c, index * 2) && strake_cursor_be16(&c, &small)
			       ? small
			       : fallback;
	case STRAKE_RPM_TYPE_INT32:
		return strake_cursor_skip(&c, index * 4) && strake_cursor_be32(&c, &medium)
			       ? medium
			       : fallback;
	case STRAKE_RPM_TYPE_INT64:
		return strake_cursor_skip(&c, index * 8) && strake_cursor_be64(&c, &large)
			       ? large
			       : fallback;
	default:
		return fallback;
	}
}

const uint8_t *strake_rpm_header_raw(const StrakeRpmHeader *header, uint32_t tag,
	uint32_t *out_type, uint32_t *out_count, size_t *out_size)
{
	const Entry *entry = find(header, tag);

	if (entry == NULL)
		return NULL;
	*out_type = entry->type;
	*out_count = entry->count;
	*out_size = entry->size;
	return header->data + entry->offset;
}

uint32_t *strake_rpm_header_tags(const StrakeRpmHeader *header, size_t *out_count)
{
	uint32_t *tags = g_new(uint32_t, header->entries->len + 1);

	for (guint i = 0; i < header->entries->len; i++)
		tags[i] = g_array_index(header->entries, Entry, i).tag;
	*out_count = header->entries->len;
	return tags;
}
