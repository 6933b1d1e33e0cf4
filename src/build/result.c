// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Results to JSON and back.
#include "build/result.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "build/job_private.h"
#include "build/schedule.h"

enum { RESULT_MAX_BYTES = 16 << 20 };

static void set(JsonBuilder *json, const char *key, const char *value)
{
	json_builder_set_member_name(json, key);
	if (value != NULL)
		json_builder_add_string_value(json, value);
	else
		json_builder_add_null_value(json);
}

static void build_packages(JsonBuilder *json, const GPtrArray *packages)
{
	json_builder_set_member_name(json, "packages");
	json_builder_begin_array(json);
	for (guint i = 0; i < packages->len; i++) {
		const StrakeBuiltPackage *package = packages->pdata[i];

		json_builder_begin_object(json);
		set(json, "file", package->file_name);
		set(json, "sha256", package->sha256);
		json_builder_set_member_name(json, "source");
		json_builder_add_boolean_value(json, package->source);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static const char *state_of(const StrakeBuildResult *result, const char *error_text)
{
	if (error_text != NULL)
		return strake_node_state_name(STRAKE_NODE_FAILED);
	return strake_node_state_name(result->cached ? STRAKE_NODE_CACHED : STRAKE_NODE_DONE);
}

bool strake_build_result_store(
	const StrakeBuildResult *result, const char *error_text, const char *path, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *valid = error_text != NULL ? g_utf8_make_valid(error_text, -1) : NULL;
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *text = NULL;

	json_builder_begin_object(json);
	set(json, "component", result->component);
	json_builder_set_member_name(json, "stage");
	json_builder_add_int_value(json, result->stage);
	set(json, "state", state_of(result, error_text));
	json_builder_set_member_name(json, "seconds");
	json_builder_add_double_value(json, result->seconds);
	set(json, "fingerprint", result->fingerprint);
	set(json, "log", result->log);
	build_packages(json, result->packages);
	set(json, "error", valid);
	json_builder_end_object(json);
	root = json_builder_get_root(json);
	text = json_to_string(root, TRUE);
	return strake_path_mkdirs(AT_FDCWD, parent, error) &&
	       strake_file_write_at(AT_FDCWD, path, text, strlen(text), 0644, error);
}

// NULL when the member is missing or no string.
static const char *text_of(JsonObject *object, const char *key)
{
	JsonNode *node = json_object_get_member(object, key);

	return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
			       json_node_get_value_type(node) == G_TYPE_STRING
		       ? json_node_get_string(node)
		       : NULL;
}

static bool load_package(JsonNode *node, GPtrArray *out)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const char *file = object != NULL ? text_of(object, "file") : NULL;
	const char *sha256 = object != NULL ? text_of(object, "sha256") : NULL;
	StrakeBuiltPackage *package;

	if (file == NULL || strchr(file, '/') != NULL || sha256 == NULL ||
		!strake_digest_is_hex(STRAKE_DIGEST_SHA256, sha256))
		return false;
	package = g_new0(StrakeBuiltPackage, 1);
	package->file_name = g_strdup(file);
	package->sha256 = g_strdup(sha256);
	package->source = json_object_get_boolean_member_with_default(object, "source", FALSE);
	g_ptr_array_add(out, package);
	return true;
}

static bool load_packages(JsonObject *object, GPtrArray *out)
{
	JsonNode *node = json_object_get_member(object, "packages");
	JsonArray *array =
		node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++)
		if (!load_package(json_array_get_element(array, i), out))
			return false;
	return array != NULL;
}

static StrakeBuildResult *read_result(JsonNode *root, char **out_error)
{
	JsonObject *object =
		root != NULL && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
	const char *component = object != NULL ? text_of(object, "component") : NULL;
	const char *state = object != NULL ? text_of(object, "state") : NULL;
	g_autoptr(StrakeBuildResult) result = NULL;

	if (component == NULL || state == NULL)
		return NULL;
	result = strake_build_result_new(
		component, (unsigned)json_object_get_int_member_with_default(object, "stage", 1));
	result->seconds = json_object_get_double_member_with_default(object, "seconds", 0);
	result->cached = strcmp(state, strake_node_state_name(STRAKE_NODE_CACHED)) == 0;
	result->fingerprint = g_strdup(text_of(object, "fingerprint"));
	result->log = g_strdup(text_of(object, "log"));
	if (!load_packages(object, result->packages))
		return NULL;
	*out_error = g_strdup(text_of(object, "error"));
	return g_steal_pointer(&result);
}

StrakeBuildResult *strake_build_result_load(const char *path, char **out_error, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, RESULT_MAX_BYTES, error);
	g_autoptr(JsonParser) parser = json_parser_new();
	StrakeBuildResult *result = NULL;

	if (bytes == NULL)
		return NULL;
	if (json_parser_load_from_data(
		    parser, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), NULL))
		result = read_result(json_parser_get_root(parser), out_error);
	if (result == NULL)
		strake_error_set(error, STRAKE_ERROR_INVALID, "'%s' is no result of a build", path);
	return result;
}

// A package built in both stages has one file name.
static void add_newest(GPtrArray *out, GHashTable *stages, StrakeBuildResult *result)
{
	for (guint i = 0; i < result->packages->len; i++) {
		StrakeBuiltPackage *package = result->packages->pdata[i];
		guint at = 0;

		while (at < out->len &&
			strcmp(((const StrakeBuiltPackage *)out->pdata[at])->file_name,
				package->file_name) != 0)
			at++;
		if (at == out->len)
			g_ptr_array_add(out, g_new0(StrakeBuiltPackage, 1));
		else if (GPOINTER_TO_UINT(g_hash_table_lookup(stages, package->file_name)) >
			 result->stage)
			continue;
		strake_built_package_clear(out->pdata[at]);
		*(StrakeBuiltPackage *)out->pdata[at] =
			(StrakeBuiltPackage){.file_name = g_strdup(package->file_name),
				.sha256 = g_strdup(package->sha256),
				.source = package->source};
		g_hash_table_replace(
			stages, g_strdup(package->file_name), GUINT_TO_POINTER(result->stage));
	}
}

GPtrArray *strake_build_load_packages(char *const *paths, GError **error)
{
	g_autoptr(GPtrArray) out =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_built_package_free);
	g_autoptr(GHashTable) stages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (char *const *path = paths; *path != NULL; path++) {
		g_autofree char *failure = NULL;
		g_autoptr(StrakeBuildResult) result =
			strake_build_result_load(*path, &failure, error);

		if (result == NULL)
			return NULL;
		if (failure != NULL) {
			strake_error_set(error, STRAKE_ERROR_FAILED,
				"'%s' is of a build that failed", *path);
			return NULL;
		}
		add_newest(out, stages, result);
	}
	return g_steal_pointer(&out);
}
