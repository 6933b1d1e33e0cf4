// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One struct laid over another by the rows of their schema. What is merged from is never changed.
#include <string.h>

#include "project/schema.h"

static void copy_source(GHashTable *sources, void *into, const void *from)
{
	void *source;

	if (sources == NULL)
		return;
	source = g_hash_table_lookup(sources, from);
	if (source != NULL)
		g_hash_table_insert(sources, into, source);
}

// The places of all values of one struct, for a copy of it.
static void copy_sources(
	const StrakeSchema *schema, GHashTable *sources, void *into, const void *from)
{
	for (const StrakeField *field = schema->fields; sources != NULL && field->key != NULL;
		field++) {
		copy_source(
			sources, STRAKE_FIELD_AT(into, field), STRAKE_FIELD_AT_CONST(from, field));
		if (field->kind == STRAKE_FIELD_TABLE)
			copy_sources(field->schema, sources, STRAKE_FIELD_AT(into, field),
				STRAKE_FIELD_AT_CONST(from, field));
	}
}

static char **join_lists(StrakeArena *arena, char **a, char **b)
{
	size_t n_a = g_strv_length(a);
	size_t n_b = g_strv_length(b);
	char **joined = strake_arena_alloc(arena, (n_a + n_b + 1) * sizeof(char *));

	memcpy(joined, a, n_a * sizeof(char *));
	memcpy(joined + n_a, b, n_b * sizeof(char *));
	return joined;
}

static bool merge_strings(const StrakeField *field, StrakeMergeMode mode, StrakeArena *arena,
	char ***into, char **from)
{
	bool append = mode == STRAKE_MERGE_INHERIT && (field->flags & STRAKE_FIELD_REPLACE) == 0;

	if (from == NULL || (from[0] == NULL && (field->flags & STRAKE_FIELD_REPLACE) == 0))
		return false;
	*into = append && *into != NULL ? join_lists(arena, *into, from) : from;
	return true;
}

static GPtrArray *copy_list(StrakeArena *arena, const GPtrArray *list)
{
	GPtrArray *copy = g_ptr_array_sized_new(list->len + 4);

	for (guint i = 0; i < list->len; i++)
		g_ptr_array_add(copy, list->pdata[i]);
	strake_arena_defer(arena, copy, (GDestroyNotify)g_ptr_array_unref);
	return copy;
}

static bool merge_tables(const StrakeField *field, StrakeMergeMode mode, StrakeArena *arena,
	GPtrArray **into, GPtrArray *from)
{
	if (from == NULL || from->len == 0)
		return false;
	if (*into == NULL || mode == STRAKE_MERGE_FILES ||
		(field->flags & STRAKE_FIELD_REPLACE) != 0) {
		*into = from;
		return true;
	}
	*into = copy_list(arena, *into);
	for (guint i = 0; i < from->len; i++)
		g_ptr_array_add(*into, from->pdata[i]);
	return true;
}

// Maps and named tables both begin with their key.
static guint place_of(const GPtrArray *list, const char *key)
{
	guint i = 0;

	while (i < list->len && strcmp(*(char **)list->pdata[i], key) != 0)
		i++;
	return i;
}

static bool merge_keyed(const StrakeField *field, StrakeMergeMode mode, StrakeArena *arena,
	GHashTable *sources, GPtrArray **into, GPtrArray *from)
{
	if (from == NULL || from->len == 0)
		return false;
	if (*into == NULL) {
		*into = from;
		return true;
	}
	*into = copy_list(arena, *into);
	for (guint i = 0; i < from->len; i++) {
		void *item = from->pdata[i];
		guint at = place_of(*into, *(char **)item);
		if (at == (*into)->len) {
			g_ptr_array_add(*into, item);
		} else if (field->kind == STRAKE_FIELD_MAP ||
			   (field->flags & STRAKE_FIELD_WHOLE) != 0) {
			(*into)->pdata[at] = item;
		} else {
			void *merged = strake_arena_alloc(arena, field->schema->size);
			memcpy(merged, (*into)->pdata[at], field->schema->size);
			copy_sources(field->schema, sources, merged, (*into)->pdata[at]);
			strake_schema_merge(field->schema, mode, arena, sources, merged, item);
			(*into)->pdata[at] = merged;
		}
	}
	return true;
}

void strake_schema_merge_field(const StrakeField *field, StrakeMergeMode mode, StrakeArena *arena,
	GHashTable *sources, void *into, const void *from)
{
	void *at = STRAKE_FIELD_AT(into, field);
	const void *new = STRAKE_FIELD_AT_CONST(from, field);
	bool taken = false;

	switch (field->kind) {
	case STRAKE_FIELD_STRING:
	case STRAKE_FIELD_PATH:
	case STRAKE_FIELD_TIME:
		taken = *(char *const *)new != NULL &&**(char *const *)new != '\0';
		if (taken)
			*(char **)at = *(char *const *)new;
		break;
	case STRAKE_FIELD_TABLE_PTR:
		taken = *(void *const *)new != NULL;
		if (taken)
			*(void **)at = *(void *const *)new;
		break;
	case STRAKE_FIELD_BOOL:
		taken = *(const bool *)new;
		*(bool *)at |= taken;
		break;
	case STRAKE_FIELD_INT:
	case STRAKE_FIELD_ENUM:
	case STRAKE_FIELD_MODE:
		// The first word of an enum without "not given" is 0: then it counts where it is
		// written.
		taken = *(const int *)new != 0 ||
			(field->kind == STRAKE_FIELD_ENUM && field->base == 0 && sources != NULL &&
				g_hash_table_contains(sources, new));
		if (taken)
			*(int *)at = *(const int *)new;
		break;
	case STRAKE_FIELD_SIZE:
		taken = *(const uint64_t *)new != 0;
		if (taken)
			*(uint64_t *)at = *(const uint64_t *)new;
		break;
	case STRAKE_FIELD_STRINGS:
	case STRAKE_FIELD_PATHS:
	case STRAKE_FIELD_WORDS:
	case STRAKE_FIELD_URLS:
		taken = merge_strings(field, mode, arena, at, *(char **const *)new);
		break;
	case STRAKE_FIELD_TABLES:
		taken = merge_tables(field, mode, arena, at, *(GPtrArray *const *)new);
		break;
	case STRAKE_FIELD_MAP:
	case STRAKE_FIELD_NAMED:
		taken = merge_keyed(field, mode, arena, sources, at, *(GPtrArray *const *)new);
		break;
	case STRAKE_FIELD_TABLE:
		strake_schema_merge(field->schema, mode, arena, sources, at, new);
		break;
	case STRAKE_FIELD_IGNORED:
		break;
	}
	if (taken)
		copy_source(sources, at, new);
}

void strake_schema_merge(const StrakeSchema *schema, StrakeMergeMode mode, StrakeArena *arena,
	GHashTable *sources, void *into, const void *from)
{
	for (const StrakeField *field = schema->fields; field->key != NULL; field++) {
		bool inherits = (field->flags & STRAKE_FIELD_INHERITS) != 0;
		strake_schema_merge_field(
			field, inherits ? STRAKE_MERGE_INHERIT : mode, arena, sources, into, from);
	}
}

bool strake_schema_is_set(const StrakeSchema *schema, const StrakeField *field, const void *item)
{
	const void *at = STRAKE_FIELD_AT_CONST(item, field);

	switch (field->kind) {
	case STRAKE_FIELD_BOOL:
		return *(const bool *)at;
	case STRAKE_FIELD_INT:
		return *(const int *)at != 0;
	case STRAKE_FIELD_ENUM:
		return *(const int *)at >= field->base;
	case STRAKE_FIELD_MODE:
		return *(const int *)at >= 0;
	case STRAKE_FIELD_SIZE:
		return *(const uint64_t *)at != 0;
	case STRAKE_FIELD_TABLE:
		for (const StrakeField *sub = field->schema->fields; sub->key != NULL; sub++)
			if (strake_schema_is_set(field->schema, sub, at))
				return true;
		return false;
	case STRAKE_FIELD_IGNORED:
		return false;
	case STRAKE_FIELD_STRINGS:
	case STRAKE_FIELD_PATHS:
	case STRAKE_FIELD_WORDS:
	case STRAKE_FIELD_URLS: {
		char *const *list = *(char **const *)at;
		return list != NULL &&
		       (list[0] != NULL || (field->flags & STRAKE_FIELD_REPLACE) != 0);
	}
	case STRAKE_FIELD_MAP:
	case STRAKE_FIELD_NAMED:
	case STRAKE_FIELD_TABLES: {
		const GPtrArray *list = *(GPtrArray *const *)at;
		return list != NULL && list->len > 0;
	}
	default:
		return *(void *const *)at != NULL;
	}
}

static void clear_field(const StrakeField *field, void *item)
{
	void *at = STRAKE_FIELD_AT(item, field);

	switch (field->kind) {
	case STRAKE_FIELD_BOOL:
		*(bool *)at = false;
		break;
	case STRAKE_FIELD_INT:
	case STRAKE_FIELD_ENUM:
		*(int *)at = 0;
		break;
	case STRAKE_FIELD_MODE:
		*(int *)at = -1;
		break;
	case STRAKE_FIELD_SIZE:
		*(uint64_t *)at = 0;
		break;
	case STRAKE_FIELD_TABLE:
		for (const StrakeField *sub = field->schema->fields; sub->key != NULL; sub++)
			clear_field(sub, at);
		break;
	case STRAKE_FIELD_IGNORED:
		break;
	default:
		*(void **)at = NULL;
	}
}

// Drops one entry of a map or named table; an entry that is not there is fine.
static void clear_entry(StrakeArena *arena, GPtrArray **list, const char *key)
{
	guint at = *list != NULL ? place_of(*list, key) : 0;

	if (*list == NULL || at == (*list)->len)
		return;
	*list = copy_list(arena, *list);
	g_ptr_array_remove_index(*list, at);
	if ((*list)->len == 0)
		*list = NULL;
}

bool strake_schema_clear(const StrakeSchema *schema, StrakeArena *arena, void *item,
	const char *path, GError **error)
{
	const char *dot = strchr(path, '.');
	g_autofree char *key = dot != NULL ? g_strndup(path, (size_t)(dot - path)) : g_strdup(path);
	const StrakeField *field = strake_schema_field(schema, key);

	if (field == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID, "there is no key '%s' in %s",
			key, schema->title);
	if (dot == NULL) {
		if (item != NULL)
			clear_field(field, item);
		return true;
	}
	if (field->kind == STRAKE_FIELD_TABLE)
		return strake_schema_clear(field->schema, arena,
			item != NULL ? STRAKE_FIELD_AT(item, field) : NULL, dot + 1, error);
	if (field->kind == STRAKE_FIELD_MAP || field->kind == STRAKE_FIELD_NAMED) {
		if (item != NULL)
			clear_entry(arena, STRAKE_FIELD_AT(item, field), dot + 1);
		return true;
	}
	return strake_error_set(error, STRAKE_ERROR_INVALID, "'%s' has no keys below it", key);
}
