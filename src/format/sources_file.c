// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Line by line, keeping what is not understood as comment or blank exactly as it stands.
#include "format/sources_file.h"

#include <string.h>

static const struct {
	const char *name;
	size_t hex_digits;
} hash_types[] = {
	{"SHA512", 128},
        {"SHA384", 96 },
        {"SHA256", 64 },
        {"SHA224", 56 },
        {"SHA1",   40 },
        {"MD5",    32 }
};

static void line_free(gpointer data)
{
	StrakeSourcesLine *line = data;

	g_free(line->raw);
	g_free(line->name);
	g_free(line->hash_type);
	g_free(line->hash);
	g_free(line);
}

static size_t digits_of_type(const char *type)
{
	for (size_t i = 0; i < G_N_ELEMENTS(hash_types); i++)
		if (g_ascii_strcasecmp(type, hash_types[i].name) == 0)
			return hash_types[i].hex_digits;
	return 0;
}

// "SHA512 (name) = hex" or "hex  name" into @line; false when it is neither.
static bool split_line(StrakeSourcesLine *line)
{
	const char *open = strstr(line->raw, " (");
	const char *close = g_strrstr(line->raw, ") = ");
	const char *gap = strstr(line->raw, "  ");

	if (open != NULL && close != NULL && open + 2 < close) {
		line->hash_type = g_strndup(line->raw, (size_t)(open - line->raw));
		line->name = g_strndup(open + 2, (size_t)(close - open - 2));
		line->hash = g_ascii_strdown(close + 4, -1);
		return true;
	}
	if (gap == NULL)
		return false;
	line->hash_type = g_strdup("MD5");
	line->hash = g_ascii_strdown(line->raw, gap - line->raw);
	line->name = g_strdup(gap + 2);
	return true;
}

static bool check_name(const char *name, StrakeOrigin at, GError **error)
{
	if (*name != '\0' && strpbrk(name, "/ \t\r") == NULL && strcmp(name, ".") != 0 &&
		strcmp(name, "..") != 0)
		return true;
	return strake_error_at(
		error, STRAKE_ERROR_INVALID, at, "'%s' is not a plain file name", name);
}

static bool check_hash(const char *type, const char *hash, StrakeOrigin at, GError **error)
{
	size_t digits = digits_of_type(type);

	if (digits == 0)
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"hash type '%s' is not known; expected SHA512 or SHA256", type);
	if (strlen(hash) != digits || strspn(hash, "0123456789abcdef") != digits)
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"'%s' is not a %s hash: expected %zu hexadecimal digits", hash, type,
			digits);
	return true;
}

static bool parse_line(
	StrakeSourcesFile *file, const char *text, size_t size, StrakeOrigin at, GError **error)
{
	StrakeSourcesLine *line = g_new0(StrakeSourcesLine, 1);
	const StrakeSourcesLine *earlier;

	line->line = at.line;
	line->raw = g_strndup(text, size);
	g_ptr_array_add(file->lines, line);
	g_strchomp(line->raw);
	if (*line->raw == '#' || *line->raw == '\0')
		return true;
	if (memchr(text, '\0', size) != NULL || !split_line(line))
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"'%.60s' is neither \"SHA512 (NAME) = HASH\" nor \"MD5  NAME\"", line->raw);
	if (!check_name(line->name, at, error) ||
		!check_hash(line->hash_type, line->hash, at, error))
		return false;
	earlier = strake_sources_file_find(file, line->name);
	if (earlier != line)
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"'%s' is listed twice, first in line %u", line->name, earlier->line);
	return true;
}

StrakeSourcesFile *strake_sources_file_parse(GBytes *bytes, const char *name, GError **error)
{
	g_autoptr(StrakeSourcesFile) file = g_new0(StrakeSourcesFile, 1);
	size_t left = 0;
	const char *at = g_bytes_get_data(bytes, &left);
	StrakeOrigin origin = {.file = name};

	file->lines = g_ptr_array_new_with_free_func(line_free);
	while (left > 0) {
		const char *newline = memchr(at, '\n', left);
		size_t size = newline != NULL ? (size_t)(newline - at) : left;

		origin.line++;
		if (!parse_line(file, at, size, origin, error))
			return NULL;
		size += newline != NULL;
		at += size;
		left -= size;
	}
	return g_steal_pointer(&file);
}

void strake_sources_file_free(StrakeSourcesFile *file)
{
	if (file == NULL)
		return;
	g_ptr_array_unref(file->lines);
	g_free(file);
}

const StrakeSourcesLine *strake_sources_file_find(const StrakeSourcesFile *file, const char *name)
{
	for (guint i = 0; i < file->lines->len; i++) {
		const StrakeSourcesLine *line = file->lines->pdata[i];
		if (line->name != NULL && strcmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

static bool check_intent(
	const StrakeSourcesFile *file, const char *name, bool replace, GError **error)
{
	bool listed = strake_sources_file_find(file, name) != NULL;

	if (listed && !replace)
		return strake_error_set(error, STRAKE_ERROR_EXISTS,
			"upstream's sources list '%s' already; set replace-upstream and say why",
			name);
	if (!listed && replace)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"replace-upstream is set, but upstream's sources do not list '%s'", name);
	return true;
}

bool strake_sources_file_set(StrakeSourcesFile *file, const char *name, const char *hash_type,
	const char *hash, bool replace, GError **error)
{
	const StrakeOrigin nowhere = {0};
	StrakeSourcesLine *line;

	if (!check_name(name, nowhere, error) || !check_hash(hash_type, hash, nowhere, error) ||
		!check_intent(file, name, replace, error))
		return false;
	line = (StrakeSourcesLine *)strake_sources_file_find(file, name);
	if (line == NULL) {
		line = g_new0(StrakeSourcesLine, 1);
		line->name = g_strdup(name);
		line->line = file->lines->len + 1;
		g_ptr_array_add(file->lines, line);
	}
	g_free(line->hash_type);
	g_free(line->hash);
	g_free(line->raw);
	line->hash_type = g_strdup(hash_type);
	line->hash = g_strdup(hash);
	line->raw = g_strdup_printf("%s (%s) = %s", hash_type, name, hash);
	return true;
}

char *strake_sources_file_format(const StrakeSourcesFile *file)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < file->lines->len; i++) {
		const StrakeSourcesLine *line = file->lines->pdata[i];
		g_string_append_printf(text, "%s\n", line->raw);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
