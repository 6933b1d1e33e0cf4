// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// TOML 1.0 as an immutable tree in which every key and every value knows its line and column.
// Parsing is toml++'s; this is the border that keeps C++ and its exceptions on the other side.
// Format: https://toml.io/en/v1.0.0
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

G_BEGIN_DECLS

typedef enum {
	STRAKE_TOML_TABLE,
	STRAKE_TOML_ARRAY,
	STRAKE_TOML_STRING,
	STRAKE_TOML_INTEGER,
	STRAKE_TOML_FLOAT,
	STRAKE_TOML_BOOL,
	STRAKE_TOML_DATE,            // local
	STRAKE_TOML_TIME,            // local
	STRAKE_TOML_DATETIME,        // local
	STRAKE_TOML_OFFSET_DATETIME, // with a place on earth
} StrakeTomlKind;

/** Parts that a kind lacks are zero. */
typedef struct {
	uint16_t year;
	uint8_t month, day, hour, minute, second;
	uint32_t nanosecond;
	int16_t offset_minutes;
} StrakeTomlTime;

typedef struct StrakeTomlEntry StrakeTomlEntry;
typedef struct StrakeTomlValue StrakeTomlValue;

/** Reading the union by another kind than @kind is a bug of the caller. */
struct StrakeTomlValue {
	StrakeTomlKind kind;
	uint32_t line; // both from 1; columns count characters
	uint32_t column;
	union {
		struct {
			const StrakeTomlEntry *entries; // in the order of the file
			const uint32_t *sorted;         // indexes of @entries by key, bytewise
			size_t count;
		} table;
		struct {
			const StrakeTomlValue *items;
			size_t count;
		} array;
		struct {
			const char *text; // valid UTF-8, a NUL behind; may hold NUL itself
			size_t size;
		} string;
		int64_t integer;
		double real;
		bool boolean;
		StrakeTomlTime time;
	};
};

struct StrakeTomlEntry {
	const char *key;
	uint32_t line; // of the key
	uint32_t column;
	StrakeTomlValue value;
};

enum {
	STRAKE_TOML_SIZE_MAX = 16 << 20, // bytes of a file
	STRAKE_TOML_NESTING_MAX = 64,    // arrays and inline tables inside one another
	STRAKE_TOML_DOTS_MAX = 32,       // dots in one key or table header
};

typedef struct StrakeToml StrakeToml;

/**
 * strake_toml_parse: @size bytes of UTF-8 into a tree.
 * @name: the file's name for errors and origins; copied
 * Errors: INVALID with "name:line:column: reason"; LIMIT for input beyond the limits above.
 * Returns an owned document that does not refer to @data. Keys that hold NUL are refused.
 */
StrakeToml *strake_toml_parse(
	const char *data, size_t size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_toml_free(StrakeToml *toml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeToml, strake_toml_free)

/** strake_toml_root: always a table; borrowed, like all below it. */
const StrakeTomlValue *strake_toml_root(const StrakeToml *toml);

/** strake_toml_get: the entry of @table with exactly @key, or NULL. */
const StrakeTomlEntry *strake_toml_get(const StrakeTomlValue *table, const char *key);

/** strake_toml_kind_name: "a table", "an array", "a string"... for messages. */
const char *strake_toml_kind_name(StrakeTomlKind kind);

/** strake_toml_time_format: the RFC 3339 text of a date, time or date-time; free with g_free. */
char *strake_toml_time_format(const StrakeTomlValue *value);
/** strake_toml_time_unix: seconds since 1970 in UTC of an offset date-time, or of a local one read
 * as UTC. False for a bare time. */
bool strake_toml_time_unix(const StrakeTomlValue *value, int64_t *out_seconds);

G_END_DECLS
