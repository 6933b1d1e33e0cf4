// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// TOML: any bytes give a tree or an error, and every key of a tree can be looked up.
#include <stdint.h>

#include "format/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const StrakeTomlValue *value)
{
	if (value->kind == STRAKE_TOML_ARRAY)
		for (size_t i = 0; i < value->array.count; i++)
			visit(&value->array.items[i]);
	if (value->kind >= STRAKE_TOML_DATE) {
		g_autofree char *text = strake_toml_time_format(value);
		g_assert_nonnull(text);
	}
	if (value->kind != STRAKE_TOML_TABLE)
		return;
	for (size_t i = 0; i < value->table.count; i++) {
		const StrakeTomlEntry *entry = &value->table.entries[i];
		g_assert_true(strake_toml_get(value, entry->key) == entry);
		g_assert_cmpuint(entry->line, >, 0);
		visit(&entry->value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeToml) toml = strake_toml_parse((const char *)data, size, "fuzz", &error);

	g_assert_true((toml != NULL) == (error == NULL));
	if (toml != NULL)
		visit(strake_toml_root(toml));
	return 0;
}
