// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// TOML 1.0 conformance: values of every kind, invalid inputs with their positions, limits.
#include <math.h>
#include <string.h>

#include "format/toml.h"

// The value of key "v" (or of the whole document) as text, for comparison in tables.
static void print_value(GString *out, const StrakeTomlValue *value)
{
	switch (value->kind) {
	case STRAKE_TOML_TABLE:
		g_string_append_c(out, '{');
		for (size_t i = 0; i < value->table.count; i++) {
			g_string_append_printf(
				out, "%s%s=", i > 0 ? " " : "", value->table.entries[i].key);
			print_value(out, &value->table.entries[i].value);
		}
		g_string_append_c(out, '}');
		break;
	case STRAKE_TOML_ARRAY:
		g_string_append_c(out, '[');
		for (size_t i = 0; i < value->array.count; i++) {
			g_string_append(out, i > 0 ? " " : "");
			print_value(out, &value->array.items[i]);
		}
		g_string_append_c(out, ']');
		break;
	case STRAKE_TOML_STRING:
		g_string_append_c(out, '"');
		g_string_append_len(out, value->string.text, (gssize)value->string.size);
		g_string_append_c(out, '"');
		break;
	case STRAKE_TOML_INTEGER:
		g_string_append_printf(out, "%" G_GINT64_FORMAT, value->integer);
		break;
	case STRAKE_TOML_FLOAT:
		if (isnan(value->real))
			g_string_append(out, "nan");
		else
			g_string_append_printf(out, "f%.17g", value->real);
		break;
	case STRAKE_TOML_BOOL:
		g_string_append(out, value->boolean ? "true" : "false");
		break;
	default: {
		g_autofree char *text = strake_toml_time_format(value);
		g_string_append_printf(out, "<%s>", text);
	}
	}
}

static void test_valid(void)
{
	static const struct {
		const char *toml, *want;
	} rows[] = {
		{"",                 "{}"       },
		{"# only a comment", "{}"       },
		{"a=1\r\nb=2\r\n",   "{a=1 b=2}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeToml) toml =
			strake_toml_parse(rows[i].toml, strlen(rows[i].toml), "t", &error);
		g_autoptr(GString) out = g_string_new(NULL);
		g_test_message("%s", rows[i].toml);
		g_assert_no_error(error);
		print_value(out, strake_toml_root(toml));
		g_assert_cmpstr(out->str, ==, rows[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/toml/valid", test_valid);
	return g_test_run();
}
