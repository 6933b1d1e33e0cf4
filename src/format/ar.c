// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A strict reader of ar members.
#include "format/ar.h"

#include <string.h>

#include "base/error.h"

#define AR_MAGIC "!<arch>\n"

enum {
	MAGIC_SIZE = 8,
	HEADER_SIZE = 60,
	NAME_SIZE = 16,
	SIZE_AT = 48,
	SIZE_DIGITS = 10,
	END_AT = 58,
};

bool strake_ar_begin(StrakeCursor *cursor, const char *name, GError **error)
{
	const uint8_t *magic;

	if (!strake_cursor_take(cursor, MAGIC_SIZE, &magic))
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"%s: %zu bytes are too few for an ar archive", name, cursor->left);
	if (memcmp(magic, AR_MAGIC, MAGIC_SIZE) != 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: not an ar archive (no '!<arch>' at its start)", name);
	return true;
}

// Decimal digits, then blanks only.
static bool read_size(const uint8_t *field, size_t *out)
{
	size_t value = 0;
	int i = 0;

	for (; i < SIZE_DIGITS && g_ascii_isdigit(field[i]); i++)
		value = value * 10 + (size_t)(field[i] - '0');
	if (i == 0)
		return false;
	for (; i < SIZE_DIGITS; i++)
		if (field[i] != ' ')
			return false;
	*out = value;
	return true;
}

// Printable, not empty, blanks only at the end; GNU ar ends names with a slash, dpkg does not.
static bool read_name(const uint8_t *field, char *out)
{
	int size = NAME_SIZE;

	while (size > 0 && field[size - 1] == ' ')
		size--;
	if (size > 0 && field[size - 1] == '/')
		size--;
	for (int i = 0; i < size; i++) {
		if (!g_ascii_isgraph(field[i]) || field[i] == '/')
			return false;
		out[i] = (char)field[i];
	}
	out[size] = '\0';
	return size > 0;
}

bool strake_ar_next(StrakeCursor *cursor, const char *name, StrakeArMember *out, bool *out_found,
	GError **error)
{
	StrakeArMember member = {.size = 0};
	const uint8_t *header;
	const uint8_t *pad;

	if (cursor->left == 0) {
		*out_found = false;
		return true;
	}
	if (!strake_cursor_take(cursor, HEADER_SIZE, &header))
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"%s: ends inside an ar member header (%zu of %d bytes)", name, cursor->left,
			HEADER_SIZE);
	if (header[END_AT] != '`' || header[END_AT + 1] != '\n')
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "%s: damaged ar member header", name);
	if (!read_name(header, member.name))
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "%s: an ar member has a damaged name", name);
	if (!read_size(header + SIZE_AT, &member.size))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: ar member '%s' has a damaged size", name, member.name);
	if (!strake_cursor_take(cursor, member.size, &member.data))
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"%s: ar member '%s' should have %zu bytes, %zu are there", name,
			member.name, member.size, cursor->left);
	if (member.size % 2 != 0) {
		if (!strake_cursor_take(cursor, 1, &pad))
			return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
				"%s: the byte after ar member '%s' is missing", name, member.name);
		if (*pad != '\n')
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"%s: wrong padding after ar member '%s'", name, member.name);
	}
	*out = member;
	*out_found = true;
	return true;
}
