// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Typed access to parsed JSON.
#include "format/json.h"

#include "base/error.h"

JsonNode *strake_json_parse(GBytes *json, const char *name, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) reason = NULL;
	gsize size;
	const char *text = g_bytes_get_data(json, &size);
	JsonNode *root = NULL;

	// json-glib aborts on no bytes at all.
	if (size > 0 && json_parser_load_from_data(parser, text, (gssize)size, &reason))
		root = json_parser_get_root(parser);
	if (root != NULL && JSON_NODE_HOLDS_OBJECT(root))
		return json_parser_steal_root(parser);
	strake_error_set(error, STRAKE_ERROR_INVALID, "%s: not a JSON object%s%s", name,
		reason != NULL ? ": " : "", reason != NULL ? reason->message : "");
	return NULL;
}

JsonArray *strake_json_array(JsonObject *object, const char *key)
{
	JsonNode *node = json_object_get_member(object, key);

	return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

const char *strake_json_text_at(JsonArray *array, guint index)
{
	JsonNode *node = json_array_get_element(array, index);

	return JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

JsonObject *strake_json_object_at(JsonArray *array, guint index)
{
	JsonNode *node = json_array_get_element(array, index);

	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}
