// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Feeds the script analysis from a .deb.
#include "bridge/script_deb.h"

struct StrakeScriptPaths {
	GHashTable *types; // path -> type and mode as one number
	GStringChunk *strings;
};

StrakeScriptPaths *strake_script_paths_new(void)
{
	StrakeScriptPaths *paths = g_new0(StrakeScriptPaths, 1);

	paths->types = g_hash_table_new(g_str_hash, g_str_equal);
	paths->strings = g_string_chunk_new(4096);
	return paths;
}

void strake_script_paths_add(StrakeScriptPaths *paths, const char *path, char type, int mode)
{
	g_autofree char *absolute = path[0] == '/' ? NULL : g_strconcat("/", path, NULL);

	g_hash_table_insert(paths->types,
		g_string_chunk_insert(paths->strings, absolute != NULL ? absolute : path),
		GINT_TO_POINTER((int)type | ((mode + 1) << 8)));
}

void strake_script_paths_free(StrakeScriptPaths *paths)
{
	if (paths == NULL)
		return;
	g_hash_table_unref(paths->types);
	g_string_chunk_free(paths->strings);
	g_free(paths);
}

char strake_script_paths_type(const char *path, void *paths)
{
	const StrakeScriptPaths *set = paths;

	return (char)(GPOINTER_TO_INT(g_hash_table_lookup(set->types, path)) & 0x7f);
}

int strake_script_paths_mode(const char *path, void *paths)
{
	const StrakeScriptPaths *set = paths;

	return (GPOINTER_TO_INT(g_hash_table_lookup(set->types, path)) >> 8) - 1;
}

void strake_script_input_from_deb(StrakeScriptInput *in, const StrakeDebFile *file)
{
	*in = (StrakeScriptInput){
		.package = strake_deb_file_package(file),
		.version = strake_deb_file_version(file),
		.architecture = strake_deb_file_architecture(file),
		.templates = strake_deb_file_member(file, "templates"),
	};
	for (int i = 0; i < STRAKE_SCRIPT_N_KINDS; i++)
		in->scripts[i] =
			strake_deb_file_member(file, strake_script_kind_name((StrakeScriptKind)i));
	// "all" says nothing about the machine that dpkg --print-architecture is asked on.
	if (g_strcmp0(in->architecture, "all") == 0)
		in->architecture = NULL;
}

static StrakeScriptPaths *read_paths(const StrakeDebFile *file, GError **error)
{
	static const char types[] = {'f', 'd', 'l', 'f'};
	g_autoptr(StrakeScriptPaths) paths = strake_script_paths_new();
	g_autoptr(StrakeDebData) data = strake_deb_data_open(file, error);
	const StrakeDebEntry *entry;

	if (data == NULL)
		return NULL;
	do {
		if (!strake_deb_data_next(data, &entry, error))
			return NULL;
		if (entry != NULL)
			strake_script_paths_add(paths, entry->path, types[entry->type],
				entry->type == STRAKE_DEB_ENTRY_HARDLINK ? -1 : (int)entry->mode);
	} while (entry != NULL);
	return g_steal_pointer(&paths);
}

StrakeScriptPlan *strake_script_analyse_deb(const StrakeDebFile *file, GError **error)
{
	g_autoptr(StrakeScriptPaths) paths = NULL;
	StrakeScriptInput in;
	bool any = false;

	strake_script_input_from_deb(&in, file);
	for (int i = 0; i < STRAKE_SCRIPT_N_KINDS; i++)
		any |= in.scripts[i] != NULL;
	if (any) {
		paths = read_paths(file, error);
		if (paths == NULL)
			return NULL;
		in.path_type = strake_script_paths_type;
		in.path_mode = strake_script_paths_mode;
		in.path_data = paths;
	}
	return strake_script_analyse(&in, error);
}
