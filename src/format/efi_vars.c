// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Appends authenticated variables behind the last one of the store.
#include "format/efi_vars.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"

enum {
	VOLUME_SIGNATURE_AT = 40,
	VOLUME_HEADER_SIZE_AT = 48,
	STORE_HEADER_SIZE = 28,
	VARIABLE_HEADER_SIZE = 60,
	VARIABLE_START = 0x55aa,
	VARIABLE_ADDED = 0x3f,
	STORE_FORMATTED = 0x5a,
	STORE_HEALTHY = 0xfe,
	ERASED = 0xff,
	// Non-volatile, boot service, and for keys also run time and time-based authentication.
	ATTRIBUTES_PRIVATE = 0x03,
	ATTRIBUTES_KEY = 0x27,
};

// GUIDs as they lie in memory: the first three fields little-endian.
typedef struct {
	uint8_t bytes[16];
} Guid;

#define GUID(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7)                                              \
	{                                                                                          \
		{                                                                                  \
			(a) & 0xff, (a) >> 8 & 0xff, (a) >> 16 & 0xff, (uint8_t)((a) >> 24),       \
				(b)&0xff, (b) >> 8, (c)&0xff, (c) >> 8, d0, d1, d2, d3, d4, d5,    \
				d6, d7                                                             \
		}                                                                                  \
	}

static const Guid authenticated_store =
	GUID(0xaaf32c78u, 0x947b, 0x439a, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92);
static const Guid global_variable =
	GUID(0x8be4df61u, 0x93ca, 0x11d2, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c);
static const Guid security_database =
	GUID(0xd719b2cbu, 0x3d3a, 0x4596, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f);
static const Guid secure_boot_enable =
	GUID(0xf0a30bc7u, 0xaf08, 0x4556, 0x99, 0xc4, 0x00, 0x10, 0x09, 0xc9, 0x3a, 0x44);
static const Guid x509_signature =
	GUID(0xa5c059a1u, 0x94e4, 0x4aa7, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72);
// Who put the signature there; any value will do, so it is our own.
static const Guid owner =
	GUID(0x7374726bu, 0x6b65, 0x4b65, 0x80, 0x79, 0x73, 0x74, 0x72, 0x61, 0x6b, 0x65);

typedef struct {
	size_t first; // offset of the first variable
	size_t end;   // offset behind the store
	size_t next;  // offset of the first free byte
} Layout;

static bool invalid(GError **error, const char *why)
{
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "not a firmware variable store: %s", why);
}

static bool find_store(const uint8_t *data, size_t size, Layout *out_layout, GError **error)
{
	StrakeCursor c;
	const uint8_t *guid, *flags;
	uint16_t header_size;
	uint32_t store_size;

	if (size < VOLUME_HEADER_SIZE_AT + 2 || memcmp(data + VOLUME_SIGNATURE_AT, "_FVH", 4) != 0)
		return invalid(error, "no firmware volume header");
	c = strake_cursor(data + VOLUME_HEADER_SIZE_AT, 2);
	if (!strake_cursor_le16(&c, &header_size) || header_size > size)
		return invalid(error, "the volume header is longer than the file");
	c = strake_cursor(data + header_size, size - header_size);
	if (!strake_cursor_take(&c, 16, &guid) || !strake_cursor_le32(&c, &store_size) ||
		!strake_cursor_take(&c, 8, &flags))
		return invalid(error, "the file ends inside the store header");
	if (memcmp(guid, &authenticated_store, 16) != 0)
		return invalid(error, "it does not hold authenticated variables");
	if (flags[0] != STORE_FORMATTED || flags[1] != STORE_HEALTHY)
		return invalid(error, "it is not formatted");
	if (store_size < STORE_HEADER_SIZE || store_size > size - header_size)
		return invalid(error, "the store is longer than the file");
	out_layout->first = (header_size + STORE_HEADER_SIZE + 3u) & ~(size_t)3;
	out_layout->end = header_size + store_size;
	return true;
}

typedef struct {
	bool live;
	char *name;
	size_t next;
} Variable;

// Reads the variable at @at; false with @error unset at the end of the list.
static bool read_variable(
	const uint8_t *data, const Layout *layout, size_t at, Variable *out, GError **error)
{
	StrakeCursor c = strake_cursor(data + at, layout->end - at);
	const uint8_t *state, *name;
	uint16_t start;
	uint32_t name_size, data_size;
	g_autofree uint16_t *units = NULL;

	if (!strake_cursor_le16(&c, &start) || start != VARIABLE_START)
		return false;
	if (!strake_cursor_take(&c, 1, &state) || !strake_cursor_skip(&c, 33) ||
		!strake_cursor_le32(&c, &name_size) || !strake_cursor_le32(&c, &data_size) ||
		!strake_cursor_skip(&c, 16) || !strake_cursor_take(&c, name_size, &name) ||
		!strake_cursor_skip(&c, data_size))
		return invalid(error, "a variable runs over the end");
	units = g_malloc0(name_size + 2);
	memcpy(units, name, name_size);
	out->live = *state == VARIABLE_ADDED;
	out->name = g_utf16_to_utf8(units, (glong)(name_size / 2), NULL, NULL, NULL);
	if (out->name == NULL)
		return invalid(error, "a variable's name is not UTF-16");
	out->next = (layout->end - c.left + 3) & ~(size_t)3;
	return true;
}

static bool list_variables(
	const uint8_t *data, size_t size, Layout *layout, GPtrArray *names, GError **error)
{
	GError *problem = NULL;
	Variable variable = {0};

	if (!find_store(data, size, layout, error))
		return false;
	layout->next = layout->first;
	while (layout->next < layout->end &&
		read_variable(data, layout, layout->next, &variable, &problem)) {
		if (variable.live)
			g_ptr_array_add(names, variable.name);
		else
			g_free(variable.name);
		layout->next = variable.next;
	}
	if (problem == NULL)
		return true;
	g_propagate_error(error, problem);
	return false;
}

char **strake_efi_vars_names(GBytes *store, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	size_t size = 0;
	const uint8_t *data = g_bytes_get_data(store, &size);
	Layout layout = {0};

	if (!list_variables(data, size, &layout, names, error))
		return NULL;
	g_ptr_array_add(names, NULL);
	g_ptr_array_set_free_func(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static void put32(GByteArray *out, uint32_t value)
{
	const uint32_t raw = htole32(value);

	g_byte_array_append(out, (const uint8_t *)&raw, sizeof(raw));
}

static GByteArray *variable_bytes(
	const char *name, const Guid *vendor, uint32_t attributes, const void *data, size_t size)
{
	GByteArray *out = g_byte_array_new();
	const uint8_t head[] = {VARIABLE_START & 0xff, VARIABLE_START >> 8, VARIABLE_ADDED, 0};
	// A time-authenticated variable carries a time; a fixed one keeps the bytes the same.
	const uint8_t time[16] = {2026 & 0xff, 2026 >> 8, 1, 1};
	const uint8_t zero[16] = {0};

	g_byte_array_append(out, head, sizeof(head));
	put32(out, attributes);
	g_byte_array_append(out, zero, 8);
	g_byte_array_append(out, attributes == ATTRIBUTES_KEY ? time : zero, 16);
	put32(out, 0);
	put32(out, (uint32_t)(strlen(name) + 1) * 2);
	put32(out, (uint32_t)size);
	g_byte_array_append(out, vendor->bytes, 16);
	for (const char *c = name; c == name || c[-1] != '\0'; c++) {
		const uint8_t unit[] = {(uint8_t)*c, 0}; // our names are ASCII
		g_byte_array_append(out, unit, 2);
	}
	g_byte_array_append(out, data, (guint)size);
	return out;
}

// EFI_SIGNATURE_LIST with one X.509 certificate (UEFI 2.10, section 32.4.1).
static GByteArray *signature_list(const StrakeEfiCertificate *certificate)
{
	GByteArray *list = g_byte_array_new();
	uint32_t entry_size = (uint32_t)certificate->size + 16;

	g_byte_array_append(list, x509_signature.bytes, 16);
	put32(list, 28 + entry_size);
	put32(list, 0);
	put32(list, entry_size);
	g_byte_array_append(list, owner.bytes, 16);
	g_byte_array_append(list, certificate->der, (guint)certificate->size);
	return list;
}

static bool append(GByteArray *store, Layout *layout, const char *name, const Guid *vendor,
	uint32_t attributes, const void *data, size_t size, GError **error)
{
	g_autoptr(GByteArray) variable = variable_bytes(name, vendor, attributes, data, size);

	if (layout->next > layout->end || variable->len > layout->end - layout->next)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"the firmware variable store has no room for '%s'", name);
	memcpy(store->data + layout->next, variable->data, variable->len);
	layout->next = (layout->next + variable->len + 3) & ~(size_t)3;
	return true;
}

GBytes *strake_efi_vars_enrol(
	GBytes *store, const StrakeEfiCertificate *certificate, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) list = signature_list(certificate);
	const uint8_t on = 1;
	Layout layout = {0};

	g_byte_array_append(out, g_bytes_get_data(store, NULL), (guint)g_bytes_get_size(store));
	if (!list_variables(out->data, out->len, &layout, names, error))
		return NULL;
	if (g_ptr_array_find_with_equal_func(names, "PK", g_str_equal, NULL)) {
		strake_error_set(error, STRAKE_ERROR_EXISTS,
			"the firmware variable store has a platform key already");
		return NULL;
	}
	if (!append(out, &layout, "SecureBootEnable", &secure_boot_enable, ATTRIBUTES_PRIVATE, &on,
		    1, error) ||
		!append(out, &layout, "db", &security_database, ATTRIBUTES_KEY, list->data,
			list->len, error) ||
		!append(out, &layout, "KEK", &global_variable, ATTRIBUTES_KEY, list->data,
			list->len, error) ||
		!append(out, &layout, "PK", &global_variable, ATTRIBUTES_KEY, list->data, list->len,
			error))
		return NULL;
	return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}
