// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Definition files: any TOML is loaded or refused with problems that have texts, and what was
// loaded can be merged, dumped and inherited.
#include <stdint.h>

#include "project/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(StrakeArena *arena, GHashTable *sources, const StrakeDefinitions *defs)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	StrakeDefinitions merged = {0};
	StrakeComponent component = {0};

	strake_schema_merge(
		&strake_definitions_schema, STRAKE_MERGE_FILES, arena, sources, &merged, defs);
	strake_schema_merge(
		&strake_definitions_schema, STRAKE_MERGE_FILES, arena, sources, &merged, defs);
	strake_schema_merge(&strake_component_schema, STRAKE_MERGE_INHERIT, arena, NULL, &component,
		&defs->default_component);
	for (guint i = 0; defs->components != NULL && i < defs->components->len; i++) {
		const StrakeComponent *own = defs->components->pdata[i];
		for (char **path = own->override; path != NULL && *path != NULL; path++)
			g_assert_true(strake_schema_clear(
				&strake_component_schema, arena, &component, *path, NULL));
		strake_schema_merge(&strake_component_schema, STRAKE_MERGE_INHERIT, arena, NULL,
			&component, own);
	}
	strake_schema_dump(&strake_definitions_schema, &merged, sources, "/x", json);
	g_autoptr(JsonNode) root = json_builder_get_root(json);
	g_assert_nonnull(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(StrakeArena) arena = strake_arena_new();
	g_autoptr(GHashTable) sources = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) where = g_string_new(NULL);
	g_autoptr(StrakeToml) toml = strake_toml_parse((const char *)data, size, "fuzz", NULL);
	StrakeLoad load = {.arena = arena,
		.file = "fuzz",
		.dir = "/x/y",
		.sources = sources,
		.problems = problems,
		.path = where};
	StrakeDefinitions *defs = strake_arena_alloc(arena, sizeof(*defs));

	if (toml == NULL)
		return 0;
	strake_tables_init();
	strake_schema_load(&strake_definitions_schema, &load, strake_toml_root(toml), defs);
	g_assert_cmpuint(problems->len, <=, STRAKE_LOAD_PROBLEMS_MAX);
	for (guint i = 0; i < problems->len; i++)
		g_assert_true(g_str_has_prefix(problems->pdata[i], "fuzz:"));
	if (load.n_problems == 0)
		use(arena, sources, defs);
	return 0;
}
