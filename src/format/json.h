// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// JSON that may hold anything, read without json-glib's assertions: what is of another type than
// asked for counts as missing.
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/** strake_json_parse: the object that @json holds, as its node; free with json_node_unref.
 * @name: for the message. Errors: INVALID. */
JsonNode *strake_json_parse(
	GBytes *json, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_json_array: member @key, borrowed; NULL when it is no array. */
JsonArray *strake_json_array(JsonObject *object, const char *key);
/** strake_json_text_at, strake_json_object_at: element @index, borrowed; NULL when it is none. */
const char *strake_json_text_at(JsonArray *array, guint index);
JsonObject *strake_json_object_at(JsonArray *array, guint index);
