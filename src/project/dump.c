// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The merged project as JSON, and the language as a JSON Schema.
#include <string.h>

#include "project/project_private.h"

static char *print(JsonNode *root)
{
	g_autofree char *text = json_to_string(root, TRUE);

	return g_strconcat(text, "\n", NULL);
}

// Replaces every component by what it resolves to; they live until @keep is freed.
static bool resolve_all(StrakeProject *project, StrakeDefinitions *defs, GPtrArray *keep,
	bool origins, GError **error)
{
	const GPtrArray *all = project->all.components;

	for (guint i = 0; all != NULL && i < all->len; i++) {
		StrakeComponent *c = strake_project_resolve_from(
			project, *(char **)all->pdata[i], origins ? project->sources : NULL, error);
		if (c == NULL)
			return false;
		g_ptr_array_add(keep, c);
	}
	defs->components = keep->len > 0 ? keep : NULL;
	return true;
}

static void free_component(void *component)
{
	strake_component_free(component);
}

char *strake_project_dump(StrakeProject *project, const StrakeProjectDump *what, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func(free_component);
	g_autoptr(JsonNode) root = NULL;
	StrakeDefinitions defs = project->all;

	if (what->resolved && !resolve_all(project, &defs, keep, what->origins, error))
		return NULL;
	strake_schema_dump(&strake_definitions_schema, &defs,
		what->origins ? project->sources : NULL, project->root_dir, json);
	root = json_builder_get_root(json);
	return print(root);
}

char *strake_project_dump_component(
	StrakeProject *project, const char *name, bool origins, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autoptr(StrakeComponent) c = strake_project_resolve_from(
		project, name, origins ? project->sources : NULL, error);

	if (c == NULL)
		return NULL;
	strake_schema_dump(&strake_component_schema, c, origins ? project->sources : NULL,
		project->root_dir, json);
	root = json_builder_get_root(json);
	return print(root);
}

char *strake_project_schema(void)
{
	g_autoptr(JsonNode) root = NULL;

	strake_tables_init();
	root = strake_schema_describe(&strake_definitions_schema);
	return print(root);
}
