// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Provides of pkg-config files, "pkgconfig(zlib) = 1.3.1", by which spec files name what they build
// against. Format: pc(5); variables are put in for the version only.
#include <string.h>

#include "bridge/conversion.h"

// A version is short; what is put in for variables must not grow or go on without end.
enum { MAX_DEPTH = 8, VERSION_MAX = 256, EXPANSIONS_MAX = 64 };

/* Appends @text to @out with ${name} replaced from @variables; *@left: how many more times.
 * Returns false when it is too much for a version. */
static bool expand(GHashTable *variables, const char *text, int depth, int *left, GString *out)
{
	while (*text != '\0') {
		const char *end = g_str_has_prefix(text, "${") ? strchr(text, '}') : NULL;
		g_autofree char *name = NULL;
		const char *value;

		if (end == NULL) {
			g_string_append_c(out, *text++);
			if (out->len > VERSION_MAX)
				return false;
			continue;
		}
		if (depth == MAX_DEPTH || --*left < 0)
			return false;
		name = g_strndup(text + 2, end - text - 2);
		value = g_hash_table_lookup(variables, name);
		if (value != NULL && !expand(variables, value, depth + 1, left, out))
			return false;
		text = end + 1;
	}
	return true;
}

/* The Version of a .pc file; NULL: none that makes sense. Free with g_free. */
static char *read_version(GBytes *bytes)
{
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GHashTable) variables = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) out = g_string_new(NULL);
	const char *version = NULL;
	int left = EXPANSIONS_MAX;

	for (char **line = lines; *line != NULL; line++) {
		char *sign = strpbrk(*line, "=:");

		if (sign == NULL)
			continue;
		if (*sign == '=') {
			*sign = '\0';
			g_hash_table_insert(variables, g_strstrip(*line), g_strstrip(sign + 1));
		} else if (g_str_has_prefix(*line, "Version:")) {
			version = g_strstrip(sign + 1);
		}
	}
	if (version == NULL || !expand(variables, version, 0, &left, out))
		return NULL;
	return g_string_free(g_steal_pointer(&out), FALSE);
}

void strake_conversion_pkgconfig(StrakeConversion *c)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~^-";
	GHashTableIter iter;
	gpointer path, bytes;

	g_hash_table_iter_init(&iter, c->content);
	while (g_hash_table_iter_next(&iter, &path, &bytes)) {
		g_autofree char *base = NULL;
		g_autofree char *name = NULL;
		g_autofree char *version = NULL;

		if (!g_str_has_suffix(path, ".pc") || g_bytes_get_size(bytes) == 0)
			continue;
		base = g_path_get_basename(path);
		base[strlen(base) - strlen(".pc")] = '\0';
		name = g_strdup_printf("pkgconfig(%s)", base);
		version = read_version(bytes);
		if (version != NULL &&
			(*version == '\0' || version[strspn(version, plain)] != '\0'))
			g_clear_pointer(&version, g_free);
		if (!strake_conversion_drops_dep(c, STRAKE_RPM_PROVIDES, name))
			strake_rpm_package_add_dep(c->rpm, STRAKE_RPM_PROVIDES, name, version,
				version != NULL ? STRAKE_RPMSENSE_EQUAL : 0);
	}
}
