// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A finished builder as text on standard output.
#include "cli/json.h"

#include <stdio.h>

void strake_json_print(JsonBuilder *builder)
{
	g_autoptr(JsonNode) root = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(root, TRUE);

	puts(text);
}

void strake_json_string(JsonBuilder *builder, const char *key, const char *value)
{
	json_builder_set_member_name(builder, key);
	json_builder_add_string_value(builder, value);
}
