// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Globs: braces are expanded once, then components are matched by dynamic programming over "**".
#include "base/glob.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

enum { EXPANSIONS_MAX = 256, PATTERN_MAX = 4096, DEPTH_MAX = 64 };

struct StrakeGlob {
	GPtrArray *alternatives; // of char **: components of one brace-free pattern
};

static bool bad(GError **error, const char *pattern, const char *what)
{
	return strake_error_set(error, STRAKE_ERROR_INVALID, "glob '%s': %s", pattern, what);
}

// The end of the set that opens at @at ("["), or NULL.
static const char *set_end(const char *at)
{
	at++;
	if (*at == '^' || *at == '!')
		at++;
	if (*at == ']') // as first member
		at++;
	for (; *at != '\0' && *at != ']'; at++)
		if (*at == '\\' && *++at == '\0')
			return NULL;
	return *at == ']' ? at : NULL;
}

// Steps over one element (escaped byte, set, byte); NULL when it is broken.
static const char *skip_element(const char *at)
{
	if (*at == '\\')
		return at[1] != '\0' ? at + 2 : NULL;
	if (*at == '[') {
		const char *end = set_end(at);
		return end != NULL ? end + 1 : NULL;
	}
	return at + 1;
}

static bool check_elements(const char *pattern, GError **error)
{
	int depth = 0;

	for (const char *at = pattern; *at != '\0';) {
		depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
		if (depth < 0)
			return bad(error, pattern, "'}' without '{'");
		const char *next = skip_element(at);
		if (next == NULL)
			return bad(error, pattern,
				*at == '[' ? "'[' is never closed" : "it ends with a backslash");
		at = next;
	}
	return depth == 0 || bad(error, pattern, "'{' is never closed");
}

static bool expand(const char *whole, const char *pattern, GPtrArray *out, GError **error)
{
	const char *open = pattern;

	while (*open != '\0' && *open != '{')
		open = skip_element(open);
	if (*open == '\0') {
		if (out->len >= EXPANSIONS_MAX)
			return strake_error_set(error, STRAKE_ERROR_LIMIT,
				"glob '%s': its braces stand for more than %d patterns", whole,
				EXPANSIONS_MAX);
		g_ptr_array_add(out, g_strdup(pattern));
		return true;
	}
	g_autoptr(GPtrArray) choices = g_ptr_array_new_with_free_func(g_free);
	const char *start = open + 1;
	const char *at = start;
	for (int depth = 1; depth > 0;) {
		if (*at == '{')
			depth++;
		if (*at == '}' || (*at == ',' && depth == 1)) {
			depth -= *at == '}';
			if (depth == 0 || *at == ',') {
				g_ptr_array_add(choices, g_strndup(start, (size_t)(at - start)));
				start = at + 1;
			}
		}
		at = skip_element(at);
	}
	for (guint i = 0; i < choices->len; i++) {
		g_autofree char *one = g_strdup_printf(
			"%.*s%s%s", (int)(open - pattern), pattern, (char *)choices->pdata[i], at);
		if (!expand(whole, one, out, error))
			return false;
	}
	return true;
}

// Splits at "/", but not inside a set or after a backslash.
static char **split(const char *pattern)
{
	g_autoptr(GStrvBuilder) parts = g_strv_builder_new();
	const char *start = pattern;
	const char *at = pattern;

	for (; *at != '\0';) {
		if (*at == '/') {
			g_autofree char *part = g_strndup(start, (size_t)(at - start));
			g_strv_builder_add(parts, part);
			start = ++at;
			continue;
		}
		at = skip_element(at);
	}
	g_strv_builder_add(parts, start);
	return g_strv_builder_end(parts);
}

static void free_strv(void *strv)
{
	g_strfreev(strv);
}

StrakeGlob *strake_glob_new(const char *pattern, GError **error)
{
	g_autoptr(GPtrArray) plain = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(StrakeGlob) glob = g_new0(StrakeGlob, 1);

	glob->alternatives = g_ptr_array_new_with_free_func(free_strv);
	if (strlen(pattern) > PATTERN_MAX) {
		strake_error_set(error, STRAKE_ERROR_LIMIT, "glob '%.40s...' is longer than %d",
			pattern, PATTERN_MAX);
		return NULL;
	}
	if (!check_elements(pattern, error) || !expand(pattern, pattern, plain, error))
		return NULL;
	for (guint i = 0; i < plain->len; i++)
		g_ptr_array_add(glob->alternatives, split(plain->pdata[i]));
	return g_steal_pointer(&glob);
}

void strake_glob_free(StrakeGlob *glob)
{
	if (glob == NULL)
		return;
	g_ptr_array_unref(glob->alternatives);
	g_free(glob);
}

static gunichar char_at(const char *at, const char *end, const char **next)
{
	gunichar c = g_utf8_get_char_validated(at, end - at);

	if (c == (gunichar)-1 || c == (gunichar)-2) { // not UTF-8: one byte is one character
		*next = at + 1;
		return (guchar)*at;
	}
	*next = g_utf8_next_char(at);
	return c;
}

static bool in_set(const char *set, gunichar c)
{
	const char *end = set_end(set);
	const char *at = set + 1;
	bool negated = *at == '^' || *at == '!';
	bool found = false;

	at += negated;
	for (bool first = true; at < end || first; first = false) {
		if (*at == '\\')
			at++;
		gunichar low = char_at(at, end + 1, &at);
		gunichar high = low;
		if (at[0] == '-' && at + 1 < end) {
			at++;
			if (*at == '\\')
				at++;
			high = char_at(at, end + 1, &at);
		}
		found |= c >= low && c <= high;
		if (at >= end)
			break;
	}
	return found != negated;
}

// One element of @pattern against one character; NULL when it does not match.
static const char *match_one(
	const char *pattern, const char *at, const char *end, const char **next)
{
	const char *after = skip_element(pattern);
	gunichar c = char_at(at, end, next);

	switch (*pattern) {
	case '?':
		return after;
	case '[':
		return in_set(pattern, c) ? after : NULL;
	case '\\':
		*next = at + 1;
		return pattern[1] == *at ? after : NULL;
	default:
		*next = at + 1;
		return *pattern == *at ? after : NULL;
	}
}

// Greedy with one point to come back to, which is enough for "*" inside a component.
static bool match_component(const char *pattern, const char *at, size_t size)
{
	const char *end = at + size;
	const char *star = NULL;
	const char *star_at = NULL;

	while (at < end) {
		const char *next;
		const char *after = NULL;
		if (*pattern == '*') {
			star = ++pattern;
			star_at = at;
			continue;
		}
		if (*pattern != '\0')
			after = match_one(pattern, at, end, &next);
		if (after != NULL) {
			pattern = after;
			at = next;
			continue;
		}
		if (star == NULL)
			return false;
		pattern = star;
		at = ++star_at;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool is_deep(const char *part)
{
	return strcmp(part, "**") == 0;
}

// @reach[i]: the first i parts of the pattern can account for what was read so far.
static bool match_components(char *const *parts, const char *path)
{
	guint n = g_strv_length((char **)parts);
	g_autofree bool *reach = g_new0(bool, n + 1);

	reach[0] = true;
	for (guint i = 0; i < n && reach[i] && is_deep(parts[i]); i++)
		reach[i + 1] = true;
	for (const char *at = path;;) {
		size_t size = strcspn(at, "/");
		for (guint i = n + 1; i-- > 0;) { // downwards: reach[i - 1] is still the old one
			bool stays = i < n && reach[i] && is_deep(parts[i]);
			reach[i] = stays || (i > 0 && reach[i - 1] && !is_deep(parts[i - 1]) &&
						    match_component(parts[i - 1], at, size));
		}
		for (guint i = 0; i < n; i++)
			reach[i + 1] |= reach[i] && is_deep(parts[i]);
		if (at[size] == '\0')
			return reach[n];
		at += size + 1;
	}
}

bool strake_glob_match(const StrakeGlob *glob, const char *path)
{
	for (guint i = 0; i < glob->alternatives->len; i++)
		if (match_components(glob->alternatives->pdata[i], path))
			return true;
	return false;
}

bool strake_glob_check(const char *pattern, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern, error);

	return glob != NULL;
}

bool strake_glob_is_literal(const char *pattern)
{
	return strpbrk(pattern, "*?[{\\") == NULL;
}

typedef struct {
	char *const *parts;
	bool deep;
	GPtrArray *found;
} Walk;

typedef enum { ENTRY_OTHER, ENTRY_FILE, ENTRY_DIR } EntryKind;

// What the entry is, a link counting as the file that it leads to but never as a directory. Most
// file systems say it in the listing itself.
static EntryKind kind_of(const struct dirent *entry, const char *path)
{
	struct stat st;

	if (entry->d_type == DT_REG)
		return ENTRY_FILE;
	if (entry->d_type == DT_DIR)
		return ENTRY_DIR;
	if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
		return ENTRY_OTHER;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return ENTRY_DIR;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? ENTRY_FILE : ENTRY_OTHER;
}

static bool is_never_entered(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".git") == 0;
}

// @at: path so far, ends with "/"; @below: where the part of it that @parts[0] begins with starts.
static bool walk(const Walk *w, GString *at, size_t below, unsigned depth, GError **error)
{
	DIR *dir = opendir(at->str);
	size_t length = at->len;
	const struct dirent *entry;
	bool ok = true;

	if (dir == NULL) // unreadable or gone: nothing there matches
		return true;
	if (depth > DEPTH_MAX)
		ok = strake_error_set(error, STRAKE_ERROR_LIMIT,
			"'%s' is more than %d directories deep", at->str, DEPTH_MAX);
	while (ok && (entry = readdir(dir)) != NULL) {
		g_string_append(at, entry->d_name);
		EntryKind kind = kind_of(entry, at->str);
		if (kind == ENTRY_FILE && match_components(w->parts, at->str + below))
			g_ptr_array_add(w->found, g_strdup(at->str));
		if (kind == ENTRY_DIR && !is_never_entered(entry->d_name) &&
			(w->deep || depth + 1 < g_strv_length((char **)w->parts))) {
			g_string_append_c(at, '/');
			ok = walk(w, at, below, depth + 1, error);
		}
		g_string_truncate(at, length);
	}
	closedir(dir);
	return ok;
}

static bool files_of(const char *dir, char *const *parts, GPtrArray *found, GError **error)
{
	g_autoptr(GString) at = g_string_new(dir);
	Walk w = {.found = found};

	while (at->len > 1 && at->str[at->len - 1] == '/')
		g_string_truncate(at, at->len - 1);
	for (; *parts != NULL && strake_glob_is_literal(*parts); parts++)
		if (**parts != '\0' && strcmp(*parts, ".") != 0)
			g_string_append_printf(at, "/%s", *parts);
	if (*parts == NULL) {
		if (g_file_test(at->str, G_FILE_TEST_IS_REGULAR))
			g_ptr_array_add(found, g_strdup(at->str));
		return true;
	}
	g_string_append_c(at, '/');
	w.parts = parts;
	for (char *const *part = parts; *part != NULL; part++)
		w.deep |= is_deep(*part);
	return walk(&w, at, at->len, 0, error);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **strake_glob_files(const char *dir, const char *pattern, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern, error);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GStrvBuilder) unique = g_strv_builder_new();

	if (glob == NULL)
		return NULL;
	for (guint i = 0; i < glob->alternatives->len; i++)
		if (!files_of(dir, glob->alternatives->pdata[i], found, error))
			return NULL;
	g_ptr_array_sort(found, compare_paths);
	for (guint i = 0; i < found->len; i++)
		if (i == 0 || strcmp(found->pdata[i - 1], found->pdata[i]) != 0)
			g_strv_builder_add(unique, found->pdata[i]);
	return g_strv_builder_end(unique);
}

GPtrArray *strake_globs_new(const char *const *patterns, GError **error)
{
	g_autoptr(GPtrArray) globs =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_glob_free);

	for (; patterns != NULL && *patterns != NULL; patterns++) {
		StrakeGlob *glob = strake_glob_new(*patterns, error);

		if (glob == NULL)
			return NULL;
		g_ptr_array_add(globs, glob);
	}
	return g_steal_pointer(&globs);
}

bool strake_globs_match(const GPtrArray *globs, const char *path)
{
	for (guint i = 0; i < globs->len; i++)
		if (strake_glob_match(globs->pdata[i], path))
			return true;
	return false;
}
