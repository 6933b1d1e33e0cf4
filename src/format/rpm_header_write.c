// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Writes the RPM header structure: collects tags, sorts them, aligns and lays out their data.
#include <endian.h>
#include <string.h>

#include "format/rpm_header.h"
#include "format/rpm_tags.h"

typedef struct {
	uint32_t tag;
	uint32_t type;
	uint32_t count;
	GByteArray *data; // already big-endian
} Entry;

struct StrakeRpmHeaderWriter {
	GArray *entries; // of Entry
};

enum { ENTRY_BYTES = 16, INTRO_BYTES = 16 };

static void entry_clear(gpointer data)
{
	g_byte_array_unref(((Entry *)data)->data);
}

StrakeRpmHeaderWriter *strake_rpm_header_writer_new(void)
{
	StrakeRpmHeaderWriter *writer = g_new0(StrakeRpmHeaderWriter, 1);

	writer->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
	g_array_set_clear_func(writer->entries, entry_clear);
	return writer;
}

void strake_rpm_header_writer_free(StrakeRpmHeaderWriter *writer)
{
	if (writer == NULL)
		return;
	g_array_unref(writer->entries);
	g_free(writer);
}

static GByteArray *add_entry(
	StrakeRpmHeaderWriter *writer, uint32_t tag, enum StrakeRpmType type, size_t count)
{
	Entry entry = {.tag = tag, .type = type, .count = count, .data = g_byte_array_new()};

	g_array_append_val(writer->entries, entry);
	return entry.data;
}

static void append_text(GByteArray *data, const char *text)
{
	g_byte_array_append(data, (const guint8 *)text, strlen(text) + 1);
}

void strake_rpm_header_put_string(StrakeRpmHeaderWriter *writer, uint32_t tag, const char *text)
{
	if (text != NULL)
		append_text(add_entry(writer, tag, STRAKE_RPM_TYPE_STRING, 1), text);
}

void strake_rpm_header_put_i18n(StrakeRpmHeaderWriter *writer, uint32_t tag, const char *text)
{
	if (text != NULL)
		append_text(add_entry(writer, tag, STRAKE_RPM_TYPE_I18N, 1), text);
}

void strake_rpm_header_put_strings(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const char *const *texts, size_t count)
{
	GByteArray *data;

	if (count == 0)
		return;
	data = add_entry(writer, tag, STRAKE_RPM_TYPE_STRING_ARRAY, count);
	for (size_t i = 0; i < count; i++)
		append_text(data, texts[i] != NULL ? texts[i] : "");
}

/* @count big-endian integers of @width bytes from @values, which are in the machine's order. */
static void put_integers(StrakeRpmHeaderWriter *writer, uint32_t tag, uint32_t type,
	const void *values, size_t width, size_t count)
{
	const uint8_t *from = values;
	GByteArray *data;

	if (count == 0)
		return;
	data = add_entry(writer, tag, type, count);
	g_byte_array_append(data, from, (guint)(count * width));
	if (G_BYTE_ORDER == G_BIG_ENDIAN)
		return;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < width; j++)
			data->data[i * width + j] = from[i * width + width - 1 - j];
}

void strake_rpm_header_put_u16(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const uint16_t *values, size_t count)
{
	put_integers(writer, tag, STRAKE_RPM_TYPE_INT16, values, sizeof(*values), count);
}

void strake_rpm_header_put_u32(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const uint32_t *values, size_t count)
{
	put_integers(writer, tag, STRAKE_RPM_TYPE_INT32, values, sizeof(*values), count);
}

void strake_rpm_header_put_u64(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const uint64_t *values, size_t count)
{
	put_integers(writer, tag, STRAKE_RPM_TYPE_INT64, values, sizeof(*values), count);
}

void strake_rpm_header_put_bin(
	StrakeRpmHeaderWriter *writer, uint32_t tag, const void *data, size_t size)
{
	if (size > 0)
		g_byte_array_append(add_entry(writer, tag, STRAKE_RPM_TYPE_BIN, size), data, size);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
	uint32_t x = ((const Entry *)a)->tag, y = ((const Entry *)b)->tag;

	return x < y ? -1 : x > y;
}

static size_t type_align(uint32_t type)
{
	switch (type) {
	case STRAKE_RPM_TYPE_INT16:
		return 2;
	case STRAKE_RPM_TYPE_INT32:
		return 4;
	case STRAKE_RPM_TYPE_INT64:
		return 8;
	default:
		return 1;
	}
}

static void append_entry(
	GByteArray *out, uint32_t tag, uint32_t type, uint32_t offset, uint32_t count)
{
	uint32_t raw[4] = {htobe32(tag), htobe32(type), htobe32(offset), htobe32(count)};

	g_byte_array_append(out, (const guint8 *)raw, sizeof(raw));
}

static void append_zeros(GByteArray *out, size_t count)
{
	static const guint8 zeros[8];

	g_byte_array_append(out, zeros, count);
}

void strake_rpm_header_put_raw(StrakeRpmHeaderWriter *writer, uint32_t tag, uint32_t type,
	uint32_t count, const uint8_t *data, size_t size)
{
	g_byte_array_append(add_entry(writer, tag, type, count), data, size);
}

GBytes *strake_rpm_header_finish(StrakeRpmHeaderWriter *writer, uint32_t region_tag)
{
	static const guint8 magic[8] = {0x8e, 0xad, 0xe8, 0x01};
	GByteArray *out = g_byte_array_new();
	g_autoptr(GByteArray) data = g_byte_array_new();
	g_autoptr(GByteArray) index = g_byte_array_new();
	guint count = writer->entries->len + 1; // with the region
	uint32_t raw[2];

	g_array_sort(writer->entries, compare_entries);
	for (guint i = 0; i < writer->entries->len; i++) {
		const Entry *entry = &g_array_index(writer->entries, Entry, i);
		size_t align = type_align(entry->type);

		append_zeros(data, (align - data->len % align) % align);
		append_entry(index, entry->tag, entry->type, data->len, entry->count);
		g_byte_array_append(data, entry->data->data, entry->data->len);
	}
	g_byte_array_append(out, magic, sizeof(magic));
	raw[0] = htobe32(count);
	raw[1] = htobe32(data->len + ENTRY_BYTES);
	g_byte_array_append(out, (const guint8 *)raw, sizeof(raw));
	append_entry(out, region_tag, STRAKE_RPM_TYPE_BIN, data->len, ENTRY_BYTES);
	g_byte_array_append(out, index->data, index->len);
	append_entry(data, region_tag, STRAKE_RPM_TYPE_BIN, -(int32_t)(count * ENTRY_BYTES),
		ENTRY_BYTES);
	g_byte_array_append(out, data->data, data->len);
	return g_byte_array_free_to_bytes(out);
}
