// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Bare component entries, appended.
#include "project/edit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "project/project_private.h"

// The file with most components; of two with the same number the first by name.
static char *busiest_file(const StrakeProject *project)
{
	g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
	const GPtrArray *all = project->all.components;
	const char *best = NULL;
	guint best_count = 0;

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const StrakeComponent *c = all->pdata[i];
		guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, c->origin.file)) + 1;
		g_hash_table_insert(counts, (char *)c->origin.file, GUINT_TO_POINTER(count));
		if (count > best_count ||
			(count == best_count && strcmp(c->origin.file, best) < 0)) {
			best = c->origin.file;
			best_count = count;
		}
	}
	if (best == NULL)
		return g_strdup(project->root_path);
	g_autofree char *base = g_path_get_basename(best);
	return g_build_filename(g_hash_table_lookup(project->file_dirs, best), base, NULL);
}

static bool is_bare_key(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_')
			return false;
	return *name != '\0';
}

static bool append_name(
	const StrakeProject *project, const char *name, GString *text, GError **error)
{
	const StrakeComponent *known = g_hash_table_lookup(project->components, name);

	if (known != NULL)
		return strake_error_at(error, STRAKE_ERROR_EXISTS, known->origin,
			"component '%s' is defined already", name);
	if (*name == '\0' || strpbrk(name, "\"\\/\n\r\t") != NULL ||
		!g_utf8_validate(name, -1, NULL))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' cannot be the name of a component", name);
	if (is_bare_key(name))
		g_string_append_printf(text, "\n[components.%s]\n", name);
	else
		g_string_append_printf(text, "\n[components.\"%s\"]\n", name);
	return true;
}

static bool write_text(const char *path, const GString *text, mode_t mode, GError **error)
{
	return strake_file_write_at(AT_FDCWD, path, text->str, text->len, mode, error);
}

// Loads the project again; when that fails, puts @old back.
static bool keep_or_undo(const StrakeProject *project, const char *path, const GString *old,
	mode_t mode, GError **error)
{
	StrakeProjectOptions options = {.permissive = project->permissive};
	g_autoptr(StrakeProject) again = strake_project_load(project->root_dir, &options, error);

	if (again != NULL)
		return true;
	g_prefix_error(error, "nothing was changed, because the project would be wrong: ");
	if (!write_text(path, old, mode, NULL))
		g_prefix_error(error, "and '%s' could not be put back: ", path);
	return false;
}

bool strake_project_add_components(const StrakeProject *project, const char *const *names,
	const char *file, char **out_file, GError **error)
{
	g_autofree char *path =
		file != NULL ? g_canonicalize_filename(file, NULL) : busiest_file(project);
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, STRAKE_TOML_SIZE_MAX, error);
	struct stat st;

	if (bytes == NULL)
		return false;
	if (stat(path, &st) < 0)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "cannot look at '%s'", path);
	size_t size;
	const char *data = g_bytes_get_data(bytes, &size);
	g_autoptr(GString) old = g_string_new_len(data, (gssize)size);
	g_autoptr(GString) text = g_string_new_len(data, (gssize)size);
	if (size > 0 && data[size - 1] != '\n')
		g_string_append_c(text, '\n');
	for (; *names != NULL; names++)
		if (!append_name(project, *names, text, error))
			return false;
	if (!write_text(path, text, st.st_mode & 07777, error) ||
		!keep_or_undo(project, path, old, st.st_mode & 07777, error))
		return false;
	if (out_file != NULL)
		*out_file = g_steal_pointer(&path);
	return true;
}
