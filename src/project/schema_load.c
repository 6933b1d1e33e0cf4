// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From TOML tables to structs by the rows of a schema. All errors are noted, none ends the walk.
#include <string.h>

#include "base/nearest.h"
#include "base/progress.h"
#include "project/schema.h"

StrakeOrigin strake_load_at(const StrakeLoad *load, const StrakeTomlValue *value)
{
	return (StrakeOrigin){load->file, value->line, value->column};
}

void strake_load_problem(StrakeLoad *load, StrakeOrigin at, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	va_list args;

	load->n_problems++;
	if (load->problems->len >= STRAKE_LOAD_PROBLEMS_MAX)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	strake_error_at(&error, STRAKE_ERROR_INVALID, at, "%s", text);
	g_ptr_array_add(load->problems, g_strdup(error->message));
}

const StrakeField *strake_schema_field(const StrakeSchema *schema, const char *key)
{
	for (const StrakeField *field = schema->fields; field->key != NULL; field++)
		if (strcmp(field->key, key) == 0)
			return field;
	return NULL;
}

void *strake_schema_new(const StrakeSchema *schema, StrakeArena *arena)
{
	void *item = strake_arena_alloc(arena, schema->size);

	if (schema->init != NULL)
		schema->init(item);
	return item;
}

static GPtrArray *new_list(StrakeArena *arena)
{
	GPtrArray *list = g_ptr_array_new();

	strake_arena_defer(arena, list, (GDestroyNotify)g_ptr_array_unref);
	return list;
}

static bool wrong_type(StrakeLoad *load, const StrakeTomlValue *value, const char *wanted)
{
	strake_load_problem(load, strake_load_at(load, value), "%s: expected %s, found %s",
		load->path->str, wanted, strake_toml_kind_name(value->kind));
	return false;
}

static bool text_of(StrakeLoad *load, const StrakeTomlValue *value, const char **out)
{
	if (value->kind != STRAKE_TOML_STRING)
		return wrong_type(load, value, "a string");
	if (strlen(value->string.text) != value->string.size) {
		strake_load_problem(load, strake_load_at(load, value),
			"%s: the string holds a NUL character", load->path->str);
		return false;
	}
	*out = value->string.text;
	return true;
}

static void bad_word(
	StrakeLoad *load, const StrakeTomlValue *value, const char *text, const char *const *words)
{
	const char *near = strake_nearest(text, words);
	g_autofree char *all = g_strjoinv(", ", (char **)words);

	if (near != NULL)
		strake_load_problem(load, strake_load_at(load, value),
			"%s: '%s' is not known; did you mean '%s'?", load->path->str, text, near);
	else
		strake_load_problem(load, strake_load_at(load, value), "%s: '%s' is not one of: %s",
			load->path->str, text, all);
}

static bool word_index(StrakeLoad *load, const StrakeTomlValue *value, const char *const *words,
	bool can_be_empty, int *out)
{
	const char *text;

	if (!text_of(load, value, &text))
		return false;
	if (*text == '\0' && can_be_empty)
		return false;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		*out = i;
		return true;
	}
	bad_word(load, value, text, words);
	return false;
}

// An absolute path without "." and with ".." taken off by name, for "source = '../x'".
static char *absolute(const StrakeLoad *load, const char *text)
{
	return g_canonicalize_filename(text, load->dir);
}

static void load_time(StrakeLoad *load, const StrakeTomlValue *value, char **out)
{
	g_autofree char *text = NULL;
	const char *given;

	if (value->kind >= STRAKE_TOML_DATE && value->kind != STRAKE_TOML_TIME) {
		text = strake_toml_time_format(value);
		*out = strake_arena_strdup(load->arena, text);
		return;
	}
	if (value->kind != STRAKE_TOML_STRING) {
		wrong_type(load, value, "a date-time");
		return;
	}
	if (!text_of(load, value, &given))
		return;
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) parsed = g_date_time_new_from_iso8601(given, utc);
	if (parsed == NULL)
		strake_load_problem(load, strake_load_at(load, value),
			"%s: '%s' is not a date-time such as 2026-02-24T00:00:00Z", load->path->str,
			given);
	else
		*out = strake_arena_strdup(load->arena, given);
}

static void load_mode(StrakeLoad *load, const StrakeTomlValue *value, int *out)
{
	const char *text;
	guint64 mode;

	if (value->kind == STRAKE_TOML_INTEGER && value->integer >= 0 && value->integer <= 07777) {
		*out = (int)value->integer;
		return;
	}
	if (value->kind == STRAKE_TOML_STRING && text_of(load, value, &text) &&
		g_ascii_string_to_unsigned(text, 8, 0, 07777, &mode, NULL)) {
		*out = (int)mode;
		return;
	}
	strake_load_problem(load, strake_load_at(load, value),
		"%s: expected permission bits such as \"0755\" or 0o755", load->path->str);
}

static void load_size(StrakeLoad *load, const StrakeTomlValue *value, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *text = NULL;
	char *end = NULL;
	guint64 number = 0;

	if (value->kind == STRAKE_TOML_INTEGER && value->integer > 0) {
		*out = (uint64_t)value->integer;
		return;
	}
	if (value->kind == STRAKE_TOML_STRING && text_of(load, value, &text) &&
		g_ascii_isdigit(*text)) {
		const char *unit;
		number = g_ascii_strtoull(text, &end, 10);
		unit = *end != '\0' ? strchr(units, *end) : NULL;
		unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
		bool ends = *end == '\0' || (unit != NULL && end[1] == '\0');
		if (ends && number > 0 && number <= (G_MAXINT64 >> shift)) {
			*out = number << shift;
			return;
		}
	}
	strake_load_problem(load, strake_load_at(load, value),
		"%s: expected a size such as \"512M\" (K, M, G, T are powers of 1024) or bytes",
		load->path->str);
}

static void load_int(
	StrakeLoad *load, const StrakeField *field, const StrakeTomlValue *value, int *out)
{
	if (value->kind != STRAKE_TOML_INTEGER)
		wrong_type(load, value, "an integer");
	else if (value->integer < field->min || value->integer > field->max)
		strake_load_problem(load, strake_load_at(load, value),
			"%s: %lld is not between %d and %d", load->path->str,
			(long long)value->integer, field->min, field->max);
	else
		*out = (int)value->integer;
}

static void load_strings(
	StrakeLoad *load, const StrakeField *field, const StrakeTomlValue *value, char ***out)
{
	size_t n = 0;
	char **list;

	if (value->kind != STRAKE_TOML_ARRAY) {
		wrong_type(load, value, "an array of strings");
		return;
	}
	list = strake_arena_alloc(load->arena, (value->array.count + 1) * sizeof(char *));
	for (size_t i = 0; i < value->array.count; i++) {
		const StrakeTomlValue *item = &value->array.items[i];
		g_autofree char *path = NULL;
		const char *text;
		int ignored;
		if (field->kind == STRAKE_FIELD_WORDS &&
			!word_index(load, item, field->words, false, &ignored))
			continue;
		if (!text_of(load, item, &text))
			continue;
		if (field->kind == STRAKE_FIELD_PATHS)
			text = path = absolute(load, text);
		list[n++] = strake_arena_strdup(load->arena, text);
	}
	*out = list;
}

static void load_urls(StrakeLoad *load, const StrakeTomlValue *value, char ***out)
{
	char **list;
	size_t n = 0;

	if (value->kind != STRAKE_TOML_ARRAY) {
		wrong_type(load, value, "an array of tables { url = \"...\" }");
		return;
	}
	list = strake_arena_alloc(load->arena, (value->array.count + 1) * sizeof(char *));
	for (size_t i = 0; i < value->array.count; i++) {
		const StrakeTomlValue *item = &value->array.items[i];
		const char *text;
		if (item->kind != STRAKE_TOML_TABLE) {
			wrong_type(load, item, "a table { url = \"...\" }");
			continue;
		}
		const StrakeTomlEntry *url = strake_toml_get(item, "url");
		if (url == NULL || item->table.count != 1) {
			strake_load_problem(load, strake_load_at(load, item),
				"%s: each entry has the key 'url' and no other", load->path->str);
			continue;
		}
		if (!text_of(load, &url->value, &text))
			continue;
		if (!g_str_has_prefix(text, "https://") && !g_str_has_prefix(text, "http://"))
			strake_load_problem(load, strake_load_at(load, &url->value),
				"%s: '%s' is not an absolute http or https URL", load->path->str,
				text);
		list[n++] = strake_arena_strdup(load->arena, text);
	}
	*out = list;
}

static void load_map(StrakeLoad *load, const StrakeTomlValue *value, GPtrArray **out)
{
	if (value->kind != STRAKE_TOML_TABLE) {
		wrong_type(load, value, "a table of strings");
		return;
	}
	*out = new_list(load->arena);
	for (size_t i = 0; i < value->table.count; i++) {
		const StrakeTomlEntry *entry = &value->table.entries[i];
		StrakeNameValue *kept = strake_arena_alloc(load->arena, sizeof(*kept));
		const char *text;
		if (!text_of(load, &entry->value, &text))
			continue;
		kept->key = strake_arena_strdup(load->arena, entry->key);
		kept->value = strake_arena_strdup(load->arena, text);
		g_ptr_array_add(*out, kept);
	}
}

static void load_item(StrakeLoad *load, const StrakeSchema *schema, const char *name,
	const StrakeTomlValue *value, StrakeOrigin at, GPtrArray *out)
{
	void *item;

	if (value->kind != STRAKE_TOML_TABLE) {
		wrong_type(load, value, "a table");
		return;
	}
	item = strake_schema_new(schema, load->arena);
	if (schema->has_name)
		*(char **)item = strake_arena_strdup(load->arena, name);
	if (schema->has_origin)
		*(StrakeOrigin *)((char *)item + schema->origin_offset) = at;
	strake_schema_load(schema, load, value, item);
	g_ptr_array_add(out, item);
}

static void load_tables(
	StrakeLoad *load, const StrakeField *field, const StrakeTomlValue *value, GPtrArray **out)
{
	size_t length = load->path->len;

	if (value->kind != STRAKE_TOML_ARRAY) {
		wrong_type(load, value, "an array of tables");
		return;
	}
	*out = new_list(load->arena);
	for (size_t i = 0; i < value->array.count; i++) {
		const StrakeTomlValue *item = &value->array.items[i];
		g_string_append_printf(load->path, "[%zu]", i + 1);
		load_item(load, field->schema, NULL, item, strake_load_at(load, item), *out);
		g_string_truncate(load->path, length);
	}
}

static void load_named(
	StrakeLoad *load, const StrakeField *field, const StrakeTomlValue *value, GPtrArray **out)
{
	size_t length = load->path->len;

	if (value->kind != STRAKE_TOML_TABLE) {
		wrong_type(load, value, "a table of tables");
		return;
	}
	*out = new_list(load->arena);
	for (size_t i = 0; i < value->table.count; i++) {
		const StrakeTomlEntry *entry = &value->table.entries[i];
		StrakeOrigin at = {load->file, entry->line, entry->column};
		g_string_append_printf(load->path, ".%s", entry->key);
		if (*entry->key == '\0')
			strake_load_problem(load, at, "%s: the name is empty", load->path->str);
		else
			load_item(load, field->schema, entry->key, &entry->value, at, *out);
		g_string_truncate(load->path, length);
	}
}

static void load_string(
	StrakeLoad *load, const StrakeField *field, const StrakeTomlValue *value, char **out)
{
	g_autofree char *path = NULL;
	const char *text;
	int ignored;

	if (field->words != NULL && !word_index(load, value, field->words, false, &ignored))
		return;
	if (!text_of(load, value, &text))
		return;
	if (*text == '\0' && (field->flags & STRAKE_FIELD_NON_EMPTY) != 0) {
		strake_load_problem(
			load, strake_load_at(load, value), "%s must not be empty", load->path->str);
		return;
	}
	if (field->kind == STRAKE_FIELD_PATH && *text != '\0')
		text = path = absolute(load, text);
	*out = strake_arena_strdup(load->arena, text);
}

static void load_table(
	StrakeLoad *load, const StrakeSchema *schema, const StrakeTomlValue *value, void *out)
{
	if (value->kind != STRAKE_TOML_TABLE)
		wrong_type(load, value, "a table");
	else
		strake_schema_load(schema, load, value, out);
}

static void load_value(
	StrakeLoad *load, const StrakeField *field, const StrakeTomlValue *value, void *at)
{
	int index;

	switch (field->kind) {
	case STRAKE_FIELD_STRING:
	case STRAKE_FIELD_PATH:
		load_string(load, field, value, at);
		break;
	case STRAKE_FIELD_TIME:
		load_time(load, value, at);
		break;
	case STRAKE_FIELD_BOOL:
		if (value->kind == STRAKE_TOML_BOOL)
			*(bool *)at = value->boolean;
		else
			wrong_type(load, value, "true or false");
		break;
	case STRAKE_FIELD_INT:
		load_int(load, field, value, at);
		break;
	case STRAKE_FIELD_MODE:
		load_mode(load, value, at);
		break;
	case STRAKE_FIELD_SIZE:
		load_size(load, value, at);
		break;
	case STRAKE_FIELD_ENUM:
		if (word_index(load, value, field->words,
			    (field->flags & STRAKE_FIELD_CAN_BE_EMPTY) != 0, &index))
			*(int *)at = index + field->base;
		break;
	case STRAKE_FIELD_STRINGS:
	case STRAKE_FIELD_PATHS:
	case STRAKE_FIELD_WORDS:
		load_strings(load, field, value, at);
		break;
	case STRAKE_FIELD_URLS:
		load_urls(load, value, at);
		break;
	case STRAKE_FIELD_MAP:
		load_map(load, value, at);
		break;
	case STRAKE_FIELD_TABLE:
		load_table(load, field->schema, value, at);
		break;
	case STRAKE_FIELD_TABLE_PTR:
		*(void **)at = strake_schema_new(field->schema, load->arena);
		load_table(load, field->schema, value, *(void **)at);
		break;
	case STRAKE_FIELD_TABLES:
		load_tables(load, field, value, at);
		break;
	case STRAKE_FIELD_NAMED:
		load_named(load, field, value, at);
		break;
	case STRAKE_FIELD_IGNORED:
		break;
	}
}

static void unknown_key(StrakeLoad *load, const StrakeSchema *schema, const StrakeTomlEntry *entry)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	StrakeOrigin at = {load->file, entry->line, entry->column};
	const char *near;

	for (const StrakeField *field = schema->fields; field->key != NULL; field++)
		g_ptr_array_add(words, (char *)field->key);
	g_ptr_array_add(words, NULL);
	if (load->permissive) {
		strake_warn("%s:%u:%u: unknown key '%s' in %s", load->file, entry->line,
			entry->column, entry->key, schema->title);
		return;
	}
	near = strake_nearest(entry->key, (const char *const *)words->pdata);
	if (near != NULL) {
		strake_load_problem(load, at, "%s%sunknown key '%s' in %s; did you mean '%s'?",
			load->path->str, load->path->len > 0 ? ": " : "", entry->key, schema->title,
			near);
		return;
	}
	g_autofree char *all = g_strjoinv(", ", (char **)words->pdata);
	strake_load_problem(load, at, "%s%sunknown key '%s' in %s; it knows: %s", load->path->str,
		load->path->len > 0 ? ": " : "", entry->key, schema->title, all);
}

static void note_source(StrakeLoad *load, void *at, const StrakeTomlValue *value)
{
	StrakeFieldSource *source;

	if (load->sources == NULL)
		return;
	source = strake_arena_alloc(load->arena, sizeof(*source));
	*source = (StrakeFieldSource){load->file, value};
	g_hash_table_insert(load->sources, at, source);
}

static void check_required(
	StrakeLoad *load, const StrakeSchema *schema, const StrakeTomlValue *table)
{
	for (const StrakeField *field = schema->fields; field->key != NULL; field++)
		if ((field->flags & STRAKE_FIELD_REQUIRED) != 0 &&
			strake_toml_get(table, field->key) == NULL)
			strake_load_problem(load, strake_load_at(load, table),
				"%s%sthe key '%s' is required in %s", load->path->str,
				load->path->len > 0 ? ": " : "", field->key, schema->title);
}

void strake_schema_load(
	const StrakeSchema *schema, StrakeLoad *load, const StrakeTomlValue *table, void *item)
{
	size_t length = load->path->len;

	for (size_t i = 0; i < table->table.count; i++) {
		const StrakeTomlEntry *entry = &table->table.entries[i];
		const StrakeField *field = strake_schema_field(schema, entry->key);
		void *at;
		if (field == NULL) {
			unknown_key(load, schema, entry);
			continue;
		}
		at = STRAKE_FIELD_AT(item, field);
		g_string_append_printf(load->path, "%s%s", length > 0 ? "." : "", entry->key);
		load_value(load, field, &entry->value, at);
		if (field->kind != STRAKE_FIELD_TABLE && field->kind != STRAKE_FIELD_IGNORED)
			note_source(load, at, &entry->value);
		g_string_truncate(load->path, length);
	}
	check_required(load, schema, table);
	if (schema->check != NULL)
		schema->check(load, item, table);
}
