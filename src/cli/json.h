// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// JSON on standard output, the same way for every command's --json.
#pragma once

#include <json-glib/json-glib.h>

/** strake_json_print: what @builder holds, indented, and a newline. */
void strake_json_print(JsonBuilder *builder);
/** strake_json_string: one member, "@key": "@value"; null without @value. */
void strake_json_string(JsonBuilder *builder, const char *key, const char *value);
