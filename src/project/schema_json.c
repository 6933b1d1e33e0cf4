// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The rows of a schema read the other way: structs as JSON, and the schema as a JSON Schema.
#include <string.h>

#include "project/schema.h"

typedef struct {
	JsonBuilder *json;
	GHashTable *sources;
	const char *strip;
} Dump;

static void dump_struct(Dump *d, const StrakeSchema *schema, const void *item);

// @path relative to the root of the project, "../x" where it lies beside it; kept if not absolute.
static char *stripped(const Dump *d, const char *path)
{
	g_autoptr(GString) out = g_string_new(NULL);
	size_t common = 0; // length of the directories that both begin with

	if (*path != '/' || d->strip == NULL)
		return g_strdup(path);
	for (size_t i = 0;; i++) {
		bool path_ends = path[i] == '/' || path[i] == '\0';
		bool root_ends = d->strip[i] == '/' || d->strip[i] == '\0';
		if (path_ends && root_ends)
			common = i;
		if (path[i] != d->strip[i] || path[i] == '\0')
			break;
	}
	for (const char *rest = d->strip + common; *rest != '\0'; rest++)
		if (*rest == '/')
			g_string_append(out, "../");
	g_string_append(out, path[common] == '/' ? path + common + 1 : path + common);
	if (out->len == 0)
		g_string_append_c(out, '.');
	else if (out->str[out->len - 1] == '/')
		g_string_truncate(out, out->len - 1);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void dump_path(Dump *d, const char *path)
{
	g_autofree char *relative = stripped(d, path);

	json_builder_add_string_value(d->json, relative);
}

static void dump_strings(Dump *d, char *const *list, bool paths)
{
	json_builder_begin_array(d->json);
	for (; *list != NULL; list++) {
		if (paths)
			dump_path(d, *list);
		else
			json_builder_add_string_value(d->json, *list);
	}
	json_builder_end_array(d->json);
}

static void dump_urls(Dump *d, char *const *list)
{
	json_builder_begin_array(d->json);
	for (; *list != NULL; list++) {
		json_builder_begin_object(d->json);
		json_builder_set_member_name(d->json, "url");
		json_builder_add_string_value(d->json, *list);
		json_builder_end_object(d->json);
	}
	json_builder_end_array(d->json);
}

static void dump_map(Dump *d, const GPtrArray *map)
{
	json_builder_begin_object(d->json);
	for (guint i = 0; i < map->len; i++) {
		const StrakeNameValue *entry = map->pdata[i];
		json_builder_set_member_name(d->json, entry->key);
		json_builder_add_string_value(d->json, entry->value);
	}
	json_builder_end_object(d->json);
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(**(char ***)a, **(char ***)b);
}

// By name, so that output does not depend on the order of files.
static void dump_named(Dump *d, const StrakeSchema *schema, const GPtrArray *list)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	for (guint i = 0; i < list->len; i++)
		g_ptr_array_add(sorted, list->pdata[i]);
	g_ptr_array_sort(sorted, compare_items);
	json_builder_begin_object(d->json);
	for (guint i = 0; i < sorted->len; i++) {
		json_builder_set_member_name(d->json, *(char **)sorted->pdata[i]);
		dump_struct(d, schema, sorted->pdata[i]);
	}
	json_builder_end_object(d->json);
}

static void dump_mode(Dump *d, int mode)
{
	g_autofree char *text = g_strdup_printf("%04o", (unsigned)mode);

	json_builder_add_string_value(d->json, text);
}

static void dump_value(Dump *d, const StrakeField *field, const void *at)
{
	switch (field->kind) {
	case STRAKE_FIELD_STRING:
	case STRAKE_FIELD_TIME:
		json_builder_add_string_value(d->json, *(char *const *)at);
		break;
	case STRAKE_FIELD_PATH:
		dump_path(d, *(char *const *)at);
		break;
	case STRAKE_FIELD_BOOL:
		json_builder_add_boolean_value(d->json, *(const bool *)at);
		break;
	case STRAKE_FIELD_INT:
		json_builder_add_int_value(d->json, *(const int *)at);
		break;
	case STRAKE_FIELD_MODE:
		dump_mode(d, *(const int *)at);
		break;
	case STRAKE_FIELD_SIZE:
		json_builder_add_int_value(d->json, (gint64) * (const uint64_t *)at);
		break;
	case STRAKE_FIELD_ENUM:
		json_builder_add_string_value(
			d->json, field->words[*(const int *)at - field->base]);
		break;
	case STRAKE_FIELD_STRINGS:
	case STRAKE_FIELD_WORDS:
	case STRAKE_FIELD_PATHS:
		dump_strings(d, *(char **const *)at, field->kind == STRAKE_FIELD_PATHS);
		break;
	case STRAKE_FIELD_URLS:
		dump_urls(d, *(char **const *)at);
		break;
	case STRAKE_FIELD_MAP:
		dump_map(d, *(GPtrArray *const *)at);
		break;
	case STRAKE_FIELD_TABLE:
		dump_struct(d, field->schema, at);
		break;
	case STRAKE_FIELD_TABLE_PTR:
		dump_struct(d, field->schema, *(void *const *)at);
		break;
	case STRAKE_FIELD_TABLES: {
		const GPtrArray *list = *(GPtrArray *const *)at;
		json_builder_begin_array(d->json);
		for (guint i = 0; i < list->len; i++)
			dump_struct(d, field->schema, list->pdata[i]);
		json_builder_end_array(d->json);
		break;
	}
	case STRAKE_FIELD_NAMED:
		dump_named(d, field->schema, *(GPtrArray *const *)at);
		break;
	case STRAKE_FIELD_IGNORED:
		json_builder_add_null_value(d->json);
		break;
	}
}

static void dump_origins(Dump *d, const StrakeSchema *schema, const void *item)
{
	bool begun = false;

	for (const StrakeField *field = schema->fields; field->key != NULL; field++) {
		const StrakeFieldSource *source =
			g_hash_table_lookup(d->sources, STRAKE_FIELD_AT_CONST(item, field));
		if (source == NULL || field->kind == STRAKE_FIELD_TABLE ||
			!strake_schema_is_set(schema, field, item))
			continue;
		if (!begun) {
			json_builder_set_member_name(d->json, "@origins");
			json_builder_begin_object(d->json);
			begun = true;
		}
		g_autofree char *absolute = g_canonicalize_filename(source->file, NULL);
		g_autofree char *relative = stripped(d, absolute);
		g_autofree char *where = g_strdup_printf(
			"%s:%u:%u", relative, source->value->line, source->value->column);
		json_builder_set_member_name(d->json, field->key);
		json_builder_add_string_value(d->json, where);
	}
	if (begun)
		json_builder_end_object(d->json);
}

static void dump_struct(Dump *d, const StrakeSchema *schema, const void *item)
{
	json_builder_begin_object(d->json);
	for (const StrakeField *field = schema->fields; field->key != NULL; field++) {
		if (!strake_schema_is_set(schema, field, item))
			continue;
		json_builder_set_member_name(d->json, field->key);
		dump_value(d, field, STRAKE_FIELD_AT_CONST(item, field));
	}
	if (d->sources != NULL)
		dump_origins(d, schema, item);
	json_builder_end_object(d->json);
}

void strake_schema_dump(const StrakeSchema *schema, const void *item, GHashTable *sources,
	const char *strip, JsonBuilder *json)
{
	Dump d = {json, sources, strip};

	dump_struct(&d, schema, item);
}

// -- JSON Schema

typedef struct {
	JsonBuilder *json;
	GPtrArray *queue; // of StrakeSchema, each once
} Describe;

static void text(JsonBuilder *json, const char *key, const char *value)
{
	json_builder_set_member_name(json, key);
	json_builder_add_string_value(json, value);
}

static char *definition_name(const StrakeSchema *schema)
{
	char *name = g_strdup(schema->title);

	return g_strdelimit(name, " .", '-');
}

static void reference(Describe *d, const StrakeSchema *schema)
{
	g_autofree char *name = definition_name(schema);
	g_autofree char *ref = g_strdup_printf("#/$defs/%s", name);

	if (!g_ptr_array_find(d->queue, schema, NULL))
		g_ptr_array_add(d->queue, (void *)schema);
	text(d->json, "$ref", ref);
}

static void words(JsonBuilder *json, const StrakeField *field)
{
	if (field->words == NULL)
		return;
	json_builder_set_member_name(json, "enum");
	json_builder_begin_array(json);
	for (const char *const *word = field->words; *word != NULL; word++)
		json_builder_add_string_value(json, *word);
	if ((field->flags & STRAKE_FIELD_CAN_BE_EMPTY) != 0)
		json_builder_add_string_value(json, "");
	json_builder_end_array(json);
}

static void types(JsonBuilder *json, const char *a, const char *b)
{
	json_builder_set_member_name(json, "type");
	json_builder_begin_array(json);
	json_builder_add_string_value(json, a);
	json_builder_add_string_value(json, b);
	json_builder_end_array(json);
}

static void describe_items(Describe *d, const StrakeField *field)
{
	text(d->json, "type", "array");
	json_builder_set_member_name(d->json, "items");
	json_builder_begin_object(d->json);
	if (field->kind == STRAKE_FIELD_TABLES) {
		reference(d, field->schema);
	} else if (field->kind == STRAKE_FIELD_URLS) {
		text(d->json, "type", "object");
		json_builder_set_member_name(d->json, "properties");
		json_builder_begin_object(d->json);
		json_builder_set_member_name(d->json, "url");
		json_builder_begin_object(d->json);
		text(d->json, "type", "string");
		text(d->json, "format", "uri");
		json_builder_end_object(d->json);
		json_builder_end_object(d->json);
	} else {
		text(d->json, "type", "string");
		words(d->json, field);
	}
	json_builder_end_object(d->json);
}

static void describe_field(Describe *d, const StrakeField *field)
{
	JsonBuilder *json = d->json;

	switch (field->kind) {
	case STRAKE_FIELD_STRING:
	case STRAKE_FIELD_PATH:
	case STRAKE_FIELD_ENUM:
		text(json, "type", "string");
		words(json, field);
		break;
	case STRAKE_FIELD_TIME:
		text(json, "type", "string");
		text(json, "format", "date-time");
		break;
	case STRAKE_FIELD_BOOL:
		text(json, "type", "boolean");
		break;
	case STRAKE_FIELD_INT:
		text(json, "type", "integer");
		json_builder_set_member_name(json, "minimum");
		json_builder_add_int_value(json, field->min);
		json_builder_set_member_name(json, "maximum");
		json_builder_add_int_value(json, field->max);
		break;
	case STRAKE_FIELD_MODE:
	case STRAKE_FIELD_SIZE:
		types(json, "string", "integer");
		break;
	case STRAKE_FIELD_STRINGS:
	case STRAKE_FIELD_PATHS:
	case STRAKE_FIELD_WORDS:
	case STRAKE_FIELD_URLS:
	case STRAKE_FIELD_TABLES:
		describe_items(d, field);
		break;
	case STRAKE_FIELD_MAP:
	case STRAKE_FIELD_NAMED:
		text(json, "type", "object");
		json_builder_set_member_name(json, "additionalProperties");
		json_builder_begin_object(json);
		if (field->kind == STRAKE_FIELD_NAMED)
			reference(d, field->schema);
		else
			text(json, "type", "string");
		json_builder_end_object(json);
		break;
	case STRAKE_FIELD_TABLE:
	case STRAKE_FIELD_TABLE_PTR:
		reference(d, field->schema);
		break;
	case STRAKE_FIELD_IGNORED:
		break;
	}
	g_autofree char *doc = g_strdup_printf("%s%s", field->doc,
		(field->flags & STRAKE_FIELD_EXTENSION) != 0 ? " Not in azldev." : "");
	text(json, "description", doc);
}

static void describe_schema(Describe *d, const StrakeSchema *schema)
{
	JsonBuilder *json = d->json;

	text(json, "type", "object");
	json_builder_set_member_name(json, "additionalProperties");
	json_builder_add_boolean_value(json, FALSE);
	json_builder_set_member_name(json, "properties");
	json_builder_begin_object(json);
	for (const StrakeField *field = schema->fields; field->key != NULL; field++) {
		json_builder_set_member_name(json, field->key);
		json_builder_begin_object(json);
		describe_field(d, field);
		json_builder_end_object(json);
	}
	json_builder_end_object(json);
	json_builder_set_member_name(json, "required");
	json_builder_begin_array(json);
	for (const StrakeField *field = schema->fields; field->key != NULL; field++)
		if ((field->flags & STRAKE_FIELD_REQUIRED) != 0)
			json_builder_add_string_value(json, field->key);
	json_builder_end_array(json);
	if (schema->describe != NULL)
		schema->describe(json);
}

JsonNode *strake_schema_describe(const StrakeSchema *root)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(GPtrArray) queue = g_ptr_array_new();
	Describe d = {json, queue};

	json_builder_begin_object(json);
	text(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
	text(json, "title", root->title);
	reference(&d, root);
	json_builder_set_member_name(json, "$defs");
	json_builder_begin_object(json);
	for (guint i = 0; i < queue->len; i++) { // grows while we walk
		g_autofree char *name = definition_name(queue->pdata[i]);
		json_builder_set_member_name(json, name);
		json_builder_begin_object(json);
		describe_schema(&d, queue->pdata[i]);
		json_builder_end_object(json);
	}
	json_builder_end_object(json);
	json_builder_end_object(json);
	return json_builder_get_root(json);
}
