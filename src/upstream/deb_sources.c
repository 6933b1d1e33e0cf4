// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Wants from definitions, pins from Sources, digests and versions back into components.
#include "upstream/deb_sources.h"

#include <string.h>

#include "base/error.h"
#include "format/deb_source.h"
#include "format/deb_version.h"

#define VERSION_MACRO "upstream_version"
#define EPOCH_MACRO "upstream_epoch"

void strake_source_want_free(StrakeSourceWant *want)
{
	if (want == NULL)
		return;
	g_free(want->name);
	g_free(want->source);
	g_free(want->glob);
	g_free(want->component);
	g_free(want);
}

char *strake_source_pin_name(const StrakeSourceFile *file)
{
	const char *glob = file->origin.file;

	return glob != NULL ? g_strdup_printf("%s %s", file->origin.source, glob)
			    : g_strdup(file->origin.source);
}

// -- what is wanted

static int by_name(gconstpointer a, gconstpointer b)
{
	const StrakeSourceWant *const *x = a;
	const StrakeSourceWant *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void take_component(GPtrArray *wants, GHashTable *seen, const StrakeComponent *c,
	const StrakeUpstream *upstream)
{
	for (guint i = 0; c->source_files != NULL && i < c->source_files->len; i++) {
		const StrakeSourceFile *file = c->source_files->pdata[i];
		g_autofree char *name = NULL;
		StrakeSourceWant *want;

		if (file->origin.type != STRAKE_SOURCE_ORIGIN_DEB ||
			(file->origin.upstream != NULL &&
				strcmp(file->origin.upstream, upstream->name) != 0))
			continue;
		name = strake_source_pin_name(file);
		if (!g_hash_table_add(seen, g_strdup(name)))
			continue;
		want = g_new0(StrakeSourceWant, 1);
		want->name = g_steal_pointer(&name);
		want->source = g_strdup(file->origin.source);
		want->glob = g_strdup(file->origin.file);
		want->component = g_strdup(c->name);
		want->at = file->at;
		g_ptr_array_add(wants, want);
	}
}

GPtrArray *strake_source_wants(
	const StrakeProject *project, const StrakeUpstream *upstream, GError **error)
{
	g_autoptr(GPtrArray) wants =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_source_want_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) names = strake_project_component_names(project);

	for (char **name = names; *name != NULL; name++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, *name, error);

		if (component == NULL)
			return NULL;
		take_component(wants, seen, component, upstream);
	}
	g_ptr_array_sort(wants, by_name);
	return g_steal_pointer(&wants);
}

// -- what the archive has

static StrakePin *pin_of(const StrakeDebIndex *index, const StrakeSourceWant *want, GError **error)
{
	g_autoptr(StrakeDebSource) source = NULL;
	const StrakeDebSourceFile *file;
	StrakePin *pin;

	if (!strake_deb_source_newest(index, want->source, &source, error))
		return NULL;
	if (source == NULL) {
		StrakeDebSlice near = strake_deb_index_nearest(index, want->source);

		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the archive has no source package '%s'%s%.*s%s", want->source,
			near.data != NULL ? "; the nearest is '" : "", (int)near.size,
			near.data != NULL ? near.data : "", near.data != NULL ? "'" : "");
		return NULL;
	}
	file = strake_deb_source_pick(source, want->glob, error);
	if (file == NULL)
		return NULL;
	pin = g_new0(StrakePin, 1);
	pin->name = g_strdup(want->name);
	pin->version = g_strdup(source->version);
	pin->architecture = g_strdup(STRAKE_ARCH_SOURCE);
	pin->filename = g_strdup_printf("%s/%s", source->directory, file->name);
	pin->sha256 = g_strdup(file->sha256);
	pin->size = file->size;
	return pin;
}

bool strake_source_pins(
	const GPtrArray *wants, const StrakeDebIndex *index, GPtrArray *pins, GError **error)
{
	g_autoptr(GString) problems = g_string_new(NULL);

	for (guint i = 0; i < wants->len; i++) {
		const StrakeSourceWant *want = wants->pdata[i];
		g_autoptr(GError) cause = NULL;
		StrakePin *pin = pin_of(index, want, &cause);

		if (pin != NULL) {
			g_ptr_array_add(pins, pin);
			continue;
		}
		g_string_append_printf(problems, "%s%s:%u:%u: component '%s': %s",
			problems->len > 0 ? "\n" : "", want->at.file, want->at.line,
			want->at.column, want->component, cause->message);
	}
	return problems->len == 0 ||
	       strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s", problems->str);
}

// -- from the lock into the component

const StrakePin *strake_source_pin_for(const StrakeUpstreamLock *lock, const char *upstream,
	const StrakeComponent *component, const StrakeSourceFile *file, GError **error)
{
	g_autofree char *name = strake_source_pin_name(file);
	const StrakePin *pin = strake_upstream_lock_source(lock, name);

	if (pin == NULL) {
		strake_error_at(error, STRAKE_ERROR_NOT_FOUND, file->at,
			"component '%s': source '%s' is not in the lock of upstream '%s': `strake "
			"upstream update %s` adds it",
			component->name, name, upstream, upstream);
		return NULL;
	}
	if (file->hash != NULL && file->hash_type == STRAKE_HASH_SHA256 &&
		strcmp(file->hash, pin->sha256) != 0) {
		strake_error_at(error, STRAKE_ERROR_INTEGRITY, file->at,
			"component '%s': 'hash' of '%s' is not that of version %s, which upstream "
			"'%s' has (%s); change it, or leave it out: the lock has it",
			component->name, file->filename, pin->version, upstream, pin->sha256);
		return NULL;
	}
	return pin;
}

// As the bridge maps versions, so that a rebuilt package and a bridged one compare.
static char *rpm_part(const char *upstream)
{
	char *out = g_strdup(upstream);

	for (char *at = out; *at != '\0'; at++)
		*at = *at == '+' ? '^' : *at == '-' || *at == ':' ? '.' : *at;
	return out;
}

static bool is_defined(const GPtrArray *defines, const char *key)
{
	for (guint i = 0; i < defines->len; i++)
		if (strcmp(((const StrakeNameValue *)defines->pdata[i])->key, key) == 0)
			return true;
	return false;
}

static void define(StrakeComponent *component, const char *key, const char *value)
{
	GPtrArray *defines = component->build.defines;
	StrakeNameValue *pair;

	if (is_defined(defines, key))
		return;
	pair = strake_arena_alloc(component->arena, sizeof(*pair));
	pair->key = strake_arena_strdup(component->arena, key);
	pair->value = strake_arena_strdup(component->arena, value);
	g_ptr_array_add(defines, pair);
}

// A list that the component shares with its definition becomes its own before it is changed.
static GPtrArray *own_list(StrakeComponent *component, const GPtrArray *list)
{
	GPtrArray *own = g_ptr_array_new();

	for (guint i = 0; list != NULL && i < list->len; i++)
		g_ptr_array_add(own, list->pdata[i]);
	strake_arena_defer(component->arena, own, (GDestroyNotify)g_ptr_array_unref);
	return own;
}

void strake_source_set_digest(StrakeComponent *component, guint i, const char *sha256)
{
	StrakeSourceFile *file = strake_arena_alloc(component->arena, sizeof(*file));

	component->source_files = own_list(component, component->source_files);
	*file = *(const StrakeSourceFile *)component->source_files->pdata[i];
	file->hash_type = STRAKE_HASH_SHA256;
	file->hash = strake_arena_strdup(component->arena, sha256);
	component->source_files->pdata[i] = file;
}

bool strake_source_pin_apply(
	StrakeComponent *component, guint i, const StrakePin *pin, GError **error)
{
	g_autoptr(StrakeDebVersion) parts = strake_deb_version_parse(pin->version, error);
	g_autofree char *version = NULL;

	if (parts == NULL)
		return false;
	strake_source_set_digest(component, i, pin->sha256);
	version = rpm_part(parts->upstream);
	component->build.defines = own_list(component, component->build.defines);
	define(component, VERSION_MACRO, version);
	define(component, EPOCH_MACRO, parts->epoch != NULL ? parts->epoch : "0");
	return true;
}
