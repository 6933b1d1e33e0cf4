// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The definition language as data: every table that may occur is one StrakeSchema, every key one
// StrakeField row that says where in which C struct its value goes. Loading, merging, dumping,
// fingerprints and the JSON Schema all walk these rows, so they cannot drift apart.
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "format/toml.h"
#include "project/component.h"

typedef enum {
	STRAKE_FIELD_STRING,    // char *, one of @words if given
	STRAKE_FIELD_PATH,      // char *, made absolute against the file's directory
	STRAKE_FIELD_TIME,      // char *, RFC 3339; a TOML date-time or such a string
	STRAKE_FIELD_BOOL,      // bool
	STRAKE_FIELD_INT,       // int, from @min to @max
	STRAKE_FIELD_MODE,      // int, permission bits: "0755" or 0o755
	STRAKE_FIELD_SIZE,      // uint64_t, bytes: 4096 or "512M"
	STRAKE_FIELD_ENUM,      // int: index in @words plus @base
	STRAKE_FIELD_STRINGS,   // char **, NULL: not given
	STRAKE_FIELD_PATHS,     // char **
	STRAKE_FIELD_WORDS,     // char **, each one of @words
	STRAKE_FIELD_MAP,       // GPtrArray * of StrakeNameValue, in file order
	STRAKE_FIELD_URLS,      // char **: an array of tables { url = "..." }
	STRAKE_FIELD_TABLE,     // struct of @schema at the offset itself
	STRAKE_FIELD_TABLE_PTR, // pointer to a struct of @schema
	STRAKE_FIELD_TABLES,    // GPtrArray * of structs of @schema: an array of tables
	STRAKE_FIELD_NAMED,     // GPtrArray * of structs of @schema: a table of tables
	STRAKE_FIELD_IGNORED,   // any value, not kept
} StrakeFieldKind;

typedef enum {
	STRAKE_FIELD_REQUIRED = 1 << 0,
	STRAKE_FIELD_NON_EMPTY = 1 << 1,    // a string or list without content is refused
	STRAKE_FIELD_REPLACE = 1 << 2,      // inheritance: a given list replaces, also an empty one
	STRAKE_FIELD_UNIQUE = 1 << 3,       // files: a name defined twice is an error
	STRAKE_FIELD_WHOLE = 1 << 4,        // files: a later entry replaces the earlier as a whole
	STRAKE_FIELD_EXTENSION = 1 << 5,    // not in azldev's language
	STRAKE_FIELD_IDENTITY = 1 << 6,     // never changes what is made: not in fingerprints
	STRAKE_FIELD_CAN_BE_EMPTY = 1 << 7, // enum: "" means not given
	STRAKE_FIELD_INHERITS = 1 << 8,     // files: merged as inheritance merges
} StrakeFieldFlags;

typedef struct StrakeSchema StrakeSchema;
typedef struct StrakeLoad StrakeLoad;

typedef struct {
	const char *key;
	StrakeFieldKind kind;
	size_t offset;
	unsigned flags;
	const char *doc; // one sentence, for the JSON Schema
	const StrakeSchema *schema;
	const char *const *words; // NULL-terminated
	int base;                 // enum: value of words[0]
	int min, max;
} StrakeField;

struct StrakeSchema {
	const char *title; // "component", for messages and the JSON Schema
	size_t size;
	const StrakeField *fields; // ends with { 0 }
	bool has_name;             // named structs: first member is char *name
	bool has_origin;           // the StrakeOrigin at @origin_offset is filled
	size_t origin_offset;
	/** @init: sets what is not zero by default. */
	void (*init)(void *item);
	/** @check: rules between keys, after all were loaded; may derive values. */
	void (*check)(StrakeLoad *load, void *item, const StrakeTomlValue *table);
	/** JSON Schema: writes the "oneOf" of a table whose keys depend on one of them, or NULL. */
	void (*describe)(JsonBuilder *json);
};

/** Where a loaded value stands, for errors found after loading. */
typedef struct {
	const char *file;
	const StrakeTomlValue *value;
} StrakeFieldSource;

/** Everything that loading needs to know and collects. */
struct StrakeLoad {
	StrakeArena *arena;   // all strings and structs
	const char *file;     // of the values being loaded; lives as long as the arena
	const char *dir;      // absolute directory that relative paths start from
	bool permissive;      // unknown keys warn
	GHashTable *sources;  // field address -> StrakeFieldSource *, or NULL
	GPtrArray *problems;  // of char *
	unsigned n_problems;  // also those beyond the limit
	GString *path;        // "components.bash.build": where we are
	bool in_overlay_file; // metadata stands at the top of the file, not in overlays
};

enum { STRAKE_LOAD_PROBLEMS_MAX = 20 };

/** strake_load_problem: notes one error at a place; loading goes on. */
void strake_load_problem(StrakeLoad *load, StrakeOrigin at, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
StrakeOrigin strake_load_at(const StrakeLoad *load, const StrakeTomlValue *value);

/** strake_schema_load: fills @item (already sized, zeroed and init'ed) from @table. */
void strake_schema_load(
	const StrakeSchema *schema, StrakeLoad *load, const StrakeTomlValue *table, void *item);
/** strake_schema_new: a fresh struct of @schema. */
void *strake_schema_new(const StrakeSchema *schema, StrakeArena *arena);
/** strake_schema_field: by key, or NULL. */
const StrakeField *strake_schema_field(const StrakeSchema *schema, const char *key);

typedef enum {
	STRAKE_MERGE_FILES,   // a later file over an earlier: lists replace
	STRAKE_MERGE_INHERIT, // a component over its defaults: lists append
} StrakeMergeMode;

/**
 * strake_schema_merge: @from over @into; values that are zero never override. Nothing that @from
 * or the old lists of @into hold is changed: shared parts are copied to @arena first.
 * @sources: see StrakeLoad; may be NULL
 */
void strake_schema_merge(const StrakeSchema *schema, StrakeMergeMode mode, StrakeArena *arena,
	GHashTable *sources, void *into, const void *from);

void strake_schema_merge_field(const StrakeField *field, StrakeMergeMode mode, StrakeArena *arena,
	GHashTable *sources, void *into, const void *from);

/** strake_schema_clear: sets the value at dotted @path back to "not given". Errors: INVALID when
 * @path names no key. @item NULL: only looks whether it does. */
bool strake_schema_clear(const StrakeSchema *schema, StrakeArena *arena, void *item,
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_schema_is_set: whether the field of @item has a value other than its default. */
bool strake_schema_is_set(const StrakeSchema *schema, const StrakeField *field, const void *item);

/** strake_schema_dump: @item as a JSON object; keys in the order of the rows, unset ones left out.
 * @sources: adds an object "@origins" with "file:line:column" by key; NULL: none
 * @strip: directory that paths become relative to, so that output does not depend on its place */
void strake_schema_dump(const StrakeSchema *schema, const void *item, GHashTable *sources,
	const char *strip, JsonBuilder *json);
/** strake_schema_describe: the JSON Schema (2020-12) of all tables reachable from @root. */
JsonNode *strake_schema_describe(const StrakeSchema *root);

#define STRAKE_FIELD_AT(item, field) ((void *)((char *)(item) + (field)->offset))
#define STRAKE_FIELD_AT_CONST(item, field) ((const void *)((const char *)(item) + (field)->offset))
