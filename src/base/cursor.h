// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A bounds-checked reader over bytes in memory, for binary formats. Reads never go past the end:
// they return false and leave the cursor where it was.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	const uint8_t *at; // next byte; borrowed
	size_t left;       // bytes from @at to the end
} StrakeCursor;

static inline StrakeCursor strake_cursor(const void *data, size_t size)
{
	return (StrakeCursor){.at = data, .left = size};
}

static inline bool strake_cursor_take(StrakeCursor *c, size_t n, const uint8_t **out)
{
	if (n > c->left)
		return false;
	*out = c->at;
	c->at += n;
	c->left -= n;
	return true;
}

static inline bool strake_cursor_skip(StrakeCursor *c, size_t n)
{
	const uint8_t *ignored;

	return strake_cursor_take(c, n, &ignored);
}

#define STRAKE_CURSOR_READER(suffix, type, swap)                                                   \
	static inline bool strake_cursor_##suffix(StrakeCursor *c, type *out)                      \
	{                                                                                          \
		const uint8_t *p;                                                                  \
		type raw;                                                                          \
		if (!strake_cursor_take(c, sizeof(raw), &p))                                       \
			return false;                                                              \
		memcpy(&raw, p, sizeof(raw));                                                      \
		*out = swap(raw);                                                                  \
		return true;                                                                       \
	}
#include <endian.h>
STRAKE_CURSOR_READER(be16, uint16_t, be16toh)
STRAKE_CURSOR_READER(be32, uint32_t, be32toh)
STRAKE_CURSOR_READER(be64, uint64_t, be64toh)
STRAKE_CURSOR_READER(le16, uint16_t, le16toh)
STRAKE_CURSOR_READER(le32, uint32_t, le32toh)
STRAKE_CURSOR_READER(le64, uint64_t, le64toh)
