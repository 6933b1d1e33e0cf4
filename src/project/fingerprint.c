// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Walks the rows of the component schema; every value goes in with its length before it.
#include "project/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/glob.h"
#include "project/tables.h"

enum { FILE_MAX = 1 << 30 };

typedef struct {
	StrakeFingerprint *out;
	GString *label;
	GError **error;
} Walk;

// One part under way: a stream of length-prefixed fields.
typedef struct {
	StrakeDigest *digest;
} Part;

static void put(Part *part, const void *data, size_t size)
{
	uint64_t prefix = GUINT64_TO_LE((uint64_t)size);

	strake_digest_update(part->digest, &prefix, sizeof(prefix));
	strake_digest_update(part->digest, data, size);
}

static void put_text(Part *part, const char *text)
{
	put(part, text, strlen(text));
}

static void put_number(Part *part, int64_t number)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

	put_text(part, text);
}

static bool put_file(Part *part, const char *name, const char *path, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autofree char *sha256 = NULL;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return strake_error_errno(error, errno, "open", path);
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
	if (sha256 == NULL)
		return false;
	put_text(part, name);
	put_text(part, sha256);
	return true;
}

static void add_part(Walk *w, const char *label, Part *part)
{
	StrakeNameValue *entry = g_new0(StrakeNameValue, 1);
	char hex[STRAKE_DIGEST_HEX_MAX];

	strake_digest_hex(part->digest, hex);
	entry->key = g_strdup(label);
	entry->value = g_strdup(hex);
	g_ptr_array_add(w->out->parts, entry);
}

static bool put_struct(Part *part, const StrakeSchema *schema, const void *item, GError **error);

static int compare_keys(const void *a, const void *b)
{
	return strcmp(**(char ***)a, **(char ***)b);
}

// Named things in the order of their names, lists in their own.
static bool put_list(Part *part, const StrakeField *field, const GPtrArray *list, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	bool ok = true;

	for (guint i = 0; i < list->len; i++)
		g_ptr_array_add(items, list->pdata[i]);
	if (field->kind != STRAKE_FIELD_TABLES)
		g_ptr_array_sort(items, compare_keys);
	put_number(part, items->len);
	for (guint i = 0; ok && i < items->len; i++) {
		const StrakeNameValue *entry = items->pdata[i];
		if (field->kind != STRAKE_FIELD_TABLES)
			put_text(part, entry->key);
		if (field->kind == STRAKE_FIELD_MAP)
			put_text(part, entry->value);
		else
			ok = put_struct(part, field->schema, items->pdata[i], error);
	}
	return ok;
}

static bool put_paths(Part *part, char *const *paths, GError **error)
{
	for (; *paths != NULL; paths++) {
		g_autofree char *name = g_path_get_basename(*paths);
		if (!put_file(part, name, *paths, error))
			return false;
	}
	return true;
}

static bool put_value(Part *part, const StrakeField *field, const void *at, GError **error)
{
	switch (field->kind) {
	case STRAKE_FIELD_STRING:
	case STRAKE_FIELD_TIME:
		put_text(part, *(char *const *)at);
		return true;
	case STRAKE_FIELD_PATH:
		return put_paths(part, (char *const[]){*(char *const *)at, NULL}, error);
	case STRAKE_FIELD_PATHS:
		return put_paths(part, *(char **const *)at, error);
	case STRAKE_FIELD_BOOL:
		put_number(part, *(const bool *)at);
		return true;
	case STRAKE_FIELD_INT:
	case STRAKE_FIELD_MODE:
		put_number(part, *(const int *)at);
		return true;
	case STRAKE_FIELD_SIZE:
		put_number(part, (int64_t) * (const uint64_t *)at);
		return true;
	case STRAKE_FIELD_ENUM: // by its word, so that new words may be added anywhere
		put_text(part, field->words[*(const int *)at - field->base]);
		return true;
	case STRAKE_FIELD_STRINGS:
	case STRAKE_FIELD_WORDS:
	case STRAKE_FIELD_URLS:
		for (char *const *text = *(char **const *)at; *text != NULL; text++)
			put_text(part, *text);
		return true;
	case STRAKE_FIELD_MAP:
	case STRAKE_FIELD_NAMED:
	case STRAKE_FIELD_TABLES:
		return put_list(part, field, *(GPtrArray *const *)at, error);
	case STRAKE_FIELD_TABLE:
		return put_struct(part, field->schema, at, error);
	case STRAKE_FIELD_TABLE_PTR:
		return put_struct(part, field->schema, *(void *const *)at, error);
	case STRAKE_FIELD_IGNORED:
		return true;
	}
	return true;
}

static bool put_struct(Part *part, const StrakeSchema *schema, const void *item, GError **error)
{
	for (const StrakeField *field = schema->fields; field->key != NULL; field++) {
		if ((field->flags & STRAKE_FIELD_IDENTITY) != 0 ||
			!strake_schema_is_set(schema, field, item))
			continue;
		put_text(part, field->key);
		if (!put_value(part, field, STRAKE_FIELD_AT_CONST(item, field), error))
			return false;
	}
	put_number(part, -1); // the end, which no key can be
	return true;
}

static bool add_value(Walk *w, const StrakeField *field, const void *at)
{
	Part part = {strake_digest_new(STRAKE_DIGEST_SHA256)};
	bool ok = put_value(&part, field, at, w->error);

	if (ok)
		add_part(w, w->label->str, &part);
	strake_digest_free(part.digest);
	return ok;
}

// Every overlay and source file is a part of its own, so that a change can be named.
static bool add_items(Walk *w, const StrakeField *field, const GPtrArray *list)
{
	size_t length = w->label->len;
	bool ok = true;

	for (guint i = 0; ok && i < list->len; i++) {
		Part part = {strake_digest_new(STRAKE_DIGEST_SHA256)};
		g_string_append_printf(w->label, "[%04u]", i + 1);
		ok = put_struct(&part, field->schema, list->pdata[i], w->error);
		if (ok)
			add_part(w, w->label->str, &part);
		strake_digest_free(part.digest);
		g_string_truncate(w->label, length);
	}
	return ok;
}

static bool walk(Walk *w, const StrakeSchema *schema, const void *item, const char *skip)
{
	size_t length = w->label->len;
	bool ok = true;

	for (const StrakeField *field = schema->fields; ok && field->key != NULL; field++) {
		const void *at = STRAKE_FIELD_AT_CONST(item, field);
		if ((field->flags & STRAKE_FIELD_IDENTITY) != 0 ||
			!strake_schema_is_set(schema, field, item) ||
			(skip != NULL && strcmp(field->key, skip) == 0))
			continue;
		g_string_append_printf(w->label, "%s%s", length > 0 ? "." : "", field->key);
		if (field->kind == STRAKE_FIELD_TABLE)
			ok = walk(w, field->schema, at, NULL);
		else if (field->kind == STRAKE_FIELD_TABLES)
			ok = add_items(w, field, *(GPtrArray *const *)at);
		else
			ok = add_value(w, field, at);
		g_string_truncate(w->label, length);
	}
	return ok;
}

// All files beside a local spec, by name and content.
static bool add_spec_directory(Walk *w, const char *spec_path)
{
	g_autofree char *dir = g_path_get_dirname(spec_path);
	g_auto(GStrv) files = strake_glob_files(dir, "**", w->error);
	Part part = {NULL};
	bool ok = files != NULL;

	if (!ok)
		return false;
	if (!g_file_test(spec_path, G_FILE_TEST_IS_REGULAR))
		return strake_error_set(
			w->error, STRAKE_ERROR_NOT_FOUND, "there is no spec file '%s'", spec_path);
	part.digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	for (char **file = files; ok && *file != NULL; file++)
		ok = put_file(&part, *file + strlen(dir) + 1, *file, w->error);
	if (ok)
		add_part(w, "spec files", &part);
	strake_digest_free(part.digest);
	return ok;
}

static void add_text(Walk *w, const char *label, const char *text)
{
	Part part = {NULL};

	if (text == NULL)
		return;
	part.digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	put_text(&part, text);
	add_part(w, label, &part);
	strake_digest_free(part.digest);
}

static void add_inputs(Walk *w, const StrakeFingerprintInputs *inputs)
{
	g_autofree char *bump = NULL;

	if (inputs == NULL)
		return;
	add_text(w, "release version", inputs->release_ver);
	add_text(w, "upstream commit", inputs->upstream_commit);
	if (inputs->manual_bump != 0)
		bump = g_strdup_printf("%d", inputs->manual_bump);
	add_text(w, "manual bump", bump);
}

static bool all_hashed(const StrakeComponent *c, GError **error)
{
	for (guint i = 0; c->source_files != NULL && i < c->source_files->len; i++) {
		const StrakeSourceFile *file = c->source_files->pdata[i];
		if (file->hash == NULL)
			return strake_error_at(error, STRAKE_ERROR_INVALID, file->at,
				"component '%s': the source file '%s' has no 'hash', so what it is "
				"made from is not known",
				c->name, file->filename);
	}
	return true;
}

static void free_part(void *data)
{
	StrakeNameValue *part = data;

	g_free(part->key);
	g_free(part->value);
	g_free(part);
}

static void finish(StrakeFingerprint *out)
{
	Part all = {strake_digest_new(STRAKE_DIGEST_SHA256)};

	g_ptr_array_sort(out->parts, compare_keys);
	for (guint i = 0; i < out->parts->len; i++) {
		const StrakeNameValue *part = out->parts->pdata[i];
		put_text(&all, part->key);
		put_text(&all, part->value);
	}
	strake_digest_hex(all.digest, out->sha256);
	strake_digest_free(all.digest);
}

StrakeFingerprint *strake_component_fingerprint(
	const StrakeComponent *c, const StrakeFingerprintInputs *inputs, GError **error)
{
	g_autoptr(StrakeFingerprint) out = g_new0(StrakeFingerprint, 1);
	g_autoptr(GString) label = g_string_new(NULL);
	Walk w = {out, label, error};
	bool local = c->spec.type == STRAKE_SPEC_LOCAL && c->spec.path != NULL;
	bool locked = inputs != NULL && inputs->upstream_commit != NULL;

	out->parts = g_ptr_array_new_with_free_func(free_part);
	if (!all_hashed(c, error) ||
		!walk(&w, &strake_component_schema, c, local || locked ? "spec" : NULL) ||
		(local && !add_spec_directory(&w, c->spec.path)))
		return NULL;
	add_inputs(&w, inputs);
	finish(out);
	return g_steal_pointer(&out);
}

void strake_fingerprint_free(StrakeFingerprint *fingerprint)
{
	if (fingerprint == NULL)
		return;
	g_ptr_array_unref(fingerprint->parts);
	g_free(fingerprint);
}

static void free_change(void *data)
{
	StrakeFingerprintChange *change = data;

	g_free(change->label);
	g_free(change);
}

GPtrArray *strake_fingerprint_compare(const GPtrArray *old, const StrakeFingerprint *now)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func(free_change);
	guint n_old = old != NULL ? old->len : 0;
	guint i = 0;
	guint j = 0;

	while (i < n_old || j < now->parts->len) {
		const StrakeNameValue *a = i < n_old ? old->pdata[i] : NULL;
		const StrakeNameValue *b = j < now->parts->len ? now->parts->pdata[j] : NULL;
		int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->key, b->key);
		i += order <= 0;
		j += order >= 0;
		if (order == 0 && strcmp(a->value, b->value) == 0)
			continue;
		StrakeFingerprintChange *change = g_new0(StrakeFingerprintChange, 1);
		change->kind = order == 0  ? STRAKE_CHANGE_CHANGED
			       : order < 0 ? STRAKE_CHANGE_REMOVED
					   : STRAKE_CHANGE_ADDED;
		change->label = g_strdup(order <= 0 ? a->key : b->key);
		g_ptr_array_add(changes, change);
	}
	return changes;
}
