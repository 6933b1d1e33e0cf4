// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The result of one conversion as a value and as JSON, the form in which the store keeps it.
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "bridge/conversion.h"
#include "format/json.h"

static void note_free(gpointer data)
{
	StrakeBridgeNote *note = data;

	g_free(note->topic);
	g_free(note->text);
	g_free(note);
}

int strake_bridge_compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

StrakeBridgeResult *strake_bridge_result_new(void)
{
	StrakeBridgeResult *result = g_new0(StrakeBridgeResult, 1);

	result->epoch = -1;
	result->notes = g_ptr_array_new_with_free_func(note_free);
	result->unhandled = g_ptr_array_new_with_free_func(g_free);
	return result;
}

// The string fields, in the order of the JSON text.
static const struct {
	const char *key;
	size_t offset;
} string_fields[] = {
	{"name", offsetof(StrakeBridgeResult, name)},
	{"version", offsetof(StrakeBridgeResult, version)},
	{"release", offsetof(StrakeBridgeResult, release)},
	{"arch", offsetof(StrakeBridgeResult, arch)},
	{"nevra", offsetof(StrakeBridgeResult, nevra)},
	{"file-name", offsetof(StrakeBridgeResult, file_name)},
	{"rpm-sha256", offsetof(StrakeBridgeResult, rpm_sha256)},
	{"deb-name", offsetof(StrakeBridgeResult, deb_name)},
	{"deb-version", offsetof(StrakeBridgeResult, deb_version)},
	{"deb-arch", offsetof(StrakeBridgeResult, deb_arch)},
	{"deb-sha256", offsetof(StrakeBridgeResult, deb_sha256)},
	{"source-name", offsetof(StrakeBridgeResult, source_name)},
	{"source-version", offsetof(StrakeBridgeResult, source_version)},
	{"license", offsetof(StrakeBridgeResult, license)},
	{"allow-reason", offsetof(StrakeBridgeResult, allow_reason)},
};

void strake_bridge_result_free(StrakeBridgeResult *result)
{
	if (result == NULL)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(string_fields); i++)
		g_free(G_STRUCT_MEMBER(char *, result, string_fields[i].offset));
	g_strfreev(result->presets);
	g_strfreev(result->caches);
	g_ptr_array_unref(result->notes);
	g_ptr_array_unref(result->unhandled);
	g_free(result);
}

static void add_texts(JsonBuilder *b, const char *key, char *const *texts, size_t count)
{
	json_builder_set_member_name(b, key);
	json_builder_begin_array(b);
	for (size_t i = 0; i < count; i++)
		json_builder_add_string_value(b, texts[i]);
	json_builder_end_array(b);
}

static void add_number(JsonBuilder *b, const char *key, int64_t value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_int_value(b, value);
}

static void add_notes(JsonBuilder *b, const GPtrArray *notes)
{
	json_builder_set_member_name(b, "notes");
	json_builder_begin_array(b);
	for (guint i = 0; i < notes->len; i++) {
		const StrakeBridgeNote *note = notes->pdata[i];

		json_builder_begin_object(b);
		json_builder_set_member_name(b, "topic");
		json_builder_add_string_value(b, note->topic);
		json_builder_set_member_name(b, "text");
		json_builder_add_string_value(b, note->text);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

char *strake_bridge_result_to_json(const StrakeBridgeResult *result)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autoptr(JsonNode) root = NULL;

	json_builder_begin_object(b);
	for (size_t i = 0; i < G_N_ELEMENTS(string_fields); i++) {
		const char *text = G_STRUCT_MEMBER(char *, result, string_fields[i].offset);

		if (text == NULL)
			continue;
		json_builder_set_member_name(b, string_fields[i].key);
		json_builder_add_string_value(b, text);
	}
	add_number(b, "epoch", result->epoch);
	add_number(b, "rpm-size", (int64_t)result->rpm_size);
	add_number(b, "installed-size", (int64_t)result->installed_size);
	add_number(b, "files", result->n_files);
	add_number(b, "script-class", result->script_class);
	json_builder_set_member_name(b, "accepted");
	json_builder_add_boolean_value(b, result->accepted);
	add_texts(b, "presets", result->presets,
		result->presets != NULL ? g_strv_length(result->presets) : 0);
	add_texts(b, "caches", result->caches,
		result->caches != NULL ? g_strv_length(result->caches) : 0);
	add_texts(b, "unhandled", (char **)result->unhandled->pdata, result->unhandled->len);
	add_notes(b, result->notes);
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	return json_to_string(root, TRUE);
}

static char **get_texts(JsonObject *object, const char *key)
{
	JsonArray *array = strake_json_array(object, key);
	guint count = array != NULL ? json_array_get_length(array) : 0;
	char **texts = g_new0(char *, count + 1);

	for (guint i = 0, n = 0; i < count; i++) {
		const char *text = strake_json_text_at(array, i);
		if (text != NULL)
			texts[n++] = g_strdup(text);
	}
	return texts;
}

static void get_notes(JsonObject *object, GPtrArray *notes)
{
	JsonArray *array = strake_json_array(object, "notes");

	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
		JsonObject *item = strake_json_object_at(array, i);
		StrakeBridgeNote *note;

		if (item == NULL)
			continue;
		note = g_new0(StrakeBridgeNote, 1);
		note->topic =
			g_strdup(json_object_get_string_member_with_default(item, "topic", ""));
		note->text = g_strdup(json_object_get_string_member_with_default(item, "text", ""));
		g_ptr_array_add(notes, note);
	}
}

StrakeBridgeResult *strake_bridge_result_from_json(GBytes *json, GError **error)
{
	g_autoptr(StrakeBridgeResult) result = strake_bridge_result_new();
	g_autoptr(JsonNode) root = strake_json_parse(json, "a bridge record", error);
	g_auto(GStrv) unhandled = NULL;
	JsonObject *o;

	if (root == NULL)
		return NULL;
	o = json_node_get_object(root);
	for (size_t i = 0; i < G_N_ELEMENTS(string_fields); i++)
		G_STRUCT_MEMBER(char *, result, string_fields[i].offset) = g_strdup(
			json_object_get_string_member_with_default(o, string_fields[i].key, NULL));
	result->epoch = json_object_get_int_member_with_default(o, "epoch", -1);
	result->rpm_size = json_object_get_int_member_with_default(o, "rpm-size", 0);
	result->installed_size = json_object_get_int_member_with_default(o, "installed-size", 0);
	result->n_files = json_object_get_int_member_with_default(o, "files", 0);
	result->script_class = json_object_get_int_member_with_default(o, "script-class", 0);
	result->accepted = json_object_get_boolean_member_with_default(o, "accepted", FALSE);
	result->presets = get_texts(o, "presets");
	result->caches = get_texts(o, "caches");
	unhandled = get_texts(o, "unhandled");
	for (char **text = unhandled; *text != NULL; text++)
		g_ptr_array_add(result->unhandled, g_strdup(*text));
	get_notes(o, result->notes);
	if (result->name == NULL || result->rpm_sha256 == NULL) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "a bridge record lacks its package");
		return NULL;
	}
	return g_steal_pointer(&result);
}
