// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reading header indexes with bounds, and rebuilding signature headers.
#include "format/rpm_layout.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

enum {
	LEAD_BYTES = 96,
	INTRO_BYTES = 16,
	ENTRY_BYTES = 16,
	MAX_ENTRIES = 0xffff, // rpm's own limits
	MAX_DATA_BYTES = 256 * 1024 * 1024,
	REGION_SIGNATURES = 62,
	TAG_PGP = 1002,
	TAG_GPG = 1005,
	TAG_RESERVED_SPACE = 1008,
	TAG_OPENPGP = 278,
	TYPE_CHAR = 1,
	TYPE_INT8 = 2,
	TYPE_INT16 = 3,
	TYPE_INT32 = 4,
	TYPE_INT64 = 5,
	TYPE_STRING = 6,
	TYPE_BIN = 7,
	TYPE_STRING_ARRAY = 8,
	TYPE_I18N_STRING = 9,
};

typedef struct {
	uint32_t tag, type, offset, count;
} Entry;

typedef struct {
	const uint8_t *index;
	const uint8_t *data;
	uint32_t n_entries;
	uint32_t data_bytes;
} Header;

static const uint8_t lead_magic[] = {0xed, 0xab, 0xee, 0xdb};
static const uint8_t header_magic[] = {0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0};

static bool open_header(const uint8_t *data, size_t size, const char *what, const char *name,
	Header *out, size_t *out_size, GError **error)
{
	StrakeCursor cursor = strake_cursor(data, size);
	const uint8_t *magic;

	if (!strake_cursor_take(&cursor, sizeof(header_magic), &magic) ||
		!strake_cursor_be32(&cursor, &out->n_entries) ||
		!strake_cursor_be32(&cursor, &out->data_bytes))
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"package '%s' ends before its %s", name, what);
	if (memcmp(magic, header_magic, sizeof(header_magic)) != 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"package '%s': no %s where one must begin", name, what);
	if (out->n_entries == 0 || out->n_entries > MAX_ENTRIES || out->data_bytes > MAX_DATA_BYTES)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"package '%s': its %s has %u entries and %u bytes, which no package has",
			name, what, out->n_entries, out->data_bytes);
	if (!strake_cursor_take(&cursor, (size_t)out->n_entries * ENTRY_BYTES, &out->index) ||
		!strake_cursor_take(&cursor, out->data_bytes, &out->data))
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"package '%s' ends inside its %s", name, what);
	*out_size = size - cursor.left;
	return true;
}

bool strake_rpm_layout(
	const uint8_t *data, size_t size, const char *name, StrakeRpmLayout *out, GError **error)
{
	StrakeRpmLayout layout = {.signature = LEAD_BYTES};
	Header header;
	size_t used;

	if (size < LEAD_BYTES || memcmp(data, lead_magic, sizeof(lead_magic)) != 0)
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "'%s' is not an RPM package", name);
	if (!open_header(data + LEAD_BYTES, size - LEAD_BYTES, "signature header", name, &header,
		    &used, error))
		return false;
	layout.header = LEAD_BYTES + (used + 7) / 8 * 8;
	if (layout.header > size)
		return strake_error_set(
			error, STRAKE_ERROR_TRUNCATED, "package '%s' ends before its header", name);
	if (!open_header(data + layout.header, size - layout.header, "header", name, &header, &used,
		    error))
		return false;
	layout.payload = layout.header + used;
	*out = layout;
	return true;
}

static Entry read_entry(const Header *header, uint32_t i)
{
	StrakeCursor cursor = strake_cursor(header->index + (size_t)i * ENTRY_BYTES, ENTRY_BYTES);
	Entry entry = {0};

	// The index was taken whole, so none of these can fail.
	if (!strake_cursor_be32(&cursor, &entry.tag) || !strake_cursor_be32(&cursor, &entry.type) ||
		!strake_cursor_be32(&cursor, &entry.offset) ||
		!strake_cursor_be32(&cursor, &entry.count))
		g_assert_not_reached();
	return entry;
}

static bool find_entry(const uint8_t *data, size_t size, uint32_t tag, Header *header, Entry *out)
{
	size_t used;

	if (!open_header(data, size, "header", "", header, &used, NULL))
		return false;
	for (uint32_t i = 0; i < header->n_entries; i++) {
		*out = read_entry(header, i);
		if (out->tag == tag && out->offset <= header->data_bytes)
			return true;
	}
	return false;
}

bool strake_rpm_header_has(const uint8_t *data, size_t size, uint32_t tag)
{
	Header header;
	Entry entry;

	return find_entry(data, size, tag, &header, &entry);
}

bool strake_rpm_header_u32(const uint8_t *data, size_t size, uint32_t tag, uint32_t *out)
{
	Header header;
	Entry entry;
	StrakeCursor cursor;

	if (!find_entry(data, size, tag, &header, &entry) || entry.type != TYPE_INT32 ||
		entry.count == 0)
		return false;
	cursor = strake_cursor(header.data + entry.offset, header.data_bytes - entry.offset);
	return strake_cursor_be32(&cursor, out);
}

const char *strake_rpm_header_string(const uint8_t *data, size_t size, uint32_t tag)
{
	Header header;
	Entry entry;
	const uint8_t *start;

	if (!find_entry(data, size, tag, &header, &entry) ||
		(entry.type != TYPE_STRING && entry.type != TYPE_STRING_ARRAY &&
			entry.type != TYPE_I18N_STRING))
		return NULL;
	start = header.data + entry.offset;
	if (memchr(start, '\0', header.data_bytes - entry.offset) == NULL)
		return NULL;
	return (const char *)start;
}

static size_t alignment_of(uint32_t type)
{
	switch (type) {
	case TYPE_INT16:
		return 2;
	case TYPE_INT32:
		return 4;
	case TYPE_INT64:
		return 8;
	default:
		return 1;
	}
}

// Bytes that @entry's values take; false when they leave the data.
static bool entry_bytes(const Header *header, const Entry *entry, size_t *out)
{
	size_t left = header->data_bytes - MIN(entry->offset, header->data_bytes);
	const uint8_t *at = header->data + MIN(entry->offset, header->data_bytes);
	size_t used = 0;

	switch (entry->type) {
	case TYPE_CHAR:
	case TYPE_INT8:
	case TYPE_BIN:
	case TYPE_INT16:
	case TYPE_INT32:
	case TYPE_INT64:
		if (entry->count > MAX_DATA_BYTES)
			return false;
		used = (size_t)entry->count * alignment_of(entry->type);
		break;
	case TYPE_STRING:
	case TYPE_STRING_ARRAY:
	case TYPE_I18N_STRING:
		for (uint32_t i = 0; i < entry->count; i++) {
			const uint8_t *end =
				used < left ? memchr(at + used, '\0', left - used) : NULL;

			if (end == NULL)
				return false;
			used = (size_t)(end - at) + 1;
		}
		break;
	default:
		return false;
	}
	*out = used;
	return used <= left;
}

typedef struct {
	Entry entry;
	const uint8_t *data;
	size_t size;
} Value;

static bool is_openpgp(uint32_t tag)
{
	return tag == STRAKE_RPM_SIGTAG_DSA || tag == STRAKE_RPM_SIGTAG_RSA || tag == TAG_OPENPGP ||
	       tag == TAG_PGP || tag == TAG_GPG;
}

static int compare_values(const void *a, const void *b)
{
	uint32_t x = ((const Value *)a)->entry.tag;
	uint32_t y = ((const Value *)b)->entry.tag;

	return x < y ? -1 : x > y;
}

// The values to keep: all but the region, signatures, and space reserved for them.
static bool keep_values(const Header *header, GArray *values, const char *name, GError **error)
{
	for (uint32_t i = 0; i < header->n_entries; i++) {
		Value value = {.entry = read_entry(header, i)};

		if (value.entry.tag == REGION_SIGNATURES || is_openpgp(value.entry.tag) ||
			value.entry.tag == TAG_RESERVED_SPACE)
			continue;
		if (!entry_bytes(header, &value.entry, &value.size))
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"package '%s': tag %u of its signature header is out of bounds",
				name, value.entry.tag);
		value.data = header->data + value.entry.offset;
		g_array_append_val(values, value);
	}
	return true;
}

static void put_be32(GByteArray *out, uint32_t value)
{
	const uint32_t raw = htobe32(value);

	g_byte_array_append(out, (const uint8_t *)&raw, sizeof(raw));
}

static void put_entry(GByteArray *out, Entry entry)
{
	put_be32(out, entry.tag);
	put_be32(out, entry.type);
	put_be32(out, entry.offset);
	put_be32(out, entry.count);
}

static void pad(GByteArray *out, size_t alignment)
{
	static const uint8_t zeros[8] = {0};

	g_byte_array_append(out, zeros, (guint)((alignment - out->len % alignment) % alignment));
}

static GBytes *write_signature(GArray *values)
{
	const uint32_t n = values->len + 1;
	g_autoptr(GByteArray) data = g_byte_array_new();
	g_autoptr(GByteArray) index = g_byte_array_new();
	GByteArray *out = g_byte_array_new();

	for (guint i = 0; i < values->len; i++) {
		Value *value = &g_array_index(values, Value, i);

		pad(data, alignment_of(value->entry.type));
		value->entry.offset = data->len;
		g_byte_array_append(data, value->data, (guint)value->size);
	}
	// The region: its entry leads the index, and points to a trailer at the end of the data
	// that points back over the whole index.
	put_entry(index, (Entry){REGION_SIGNATURES, TYPE_BIN, data->len, ENTRY_BYTES});
	put_entry(data, (Entry){REGION_SIGNATURES, TYPE_BIN,
				(uint32_t) - (int32_t)(n * ENTRY_BYTES), ENTRY_BYTES});
	for (guint i = 0; i < values->len; i++)
		put_entry(index, g_array_index(values, Value, i).entry);
	g_byte_array_append(out, header_magic, sizeof(header_magic));
	put_be32(out, n);
	put_be32(out, data->len);
	g_byte_array_append(out, index->data, index->len);
	g_byte_array_append(out, data->data, data->len);
	pad(out, 8);
	return g_byte_array_free_to_bytes(out);
}

GBytes *strake_rpm_signature_set(const uint8_t *data, size_t size, uint32_t tag, GBytes *value,
	const char *name, GError **error)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(Value));
	Value added = {
		.entry = {.tag = tag, .type = TYPE_BIN}
        };
	Header header;
	size_t used;
	gsize value_size;

	if (!open_header(data, size, "signature header", name, &header, &used, error) ||
		!keep_values(&header, values, name, error))
		return NULL;
	added.data = g_bytes_get_data(value, &value_size);
	added.size = value_size;
	added.entry.count = (uint32_t)value_size;
	g_array_append_val(values, added);
	g_array_sort(values, compare_values);
	return write_signature(values);
}
