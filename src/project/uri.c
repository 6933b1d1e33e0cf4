// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Placeholder expansion for dist-git, lookaside and repository addresses.
#include "project/uri.h"

#include <string.h>

static const struct {
	const char *name;
	size_t offset;
} placeholders[] = {
	// a name before those that it begins with
	{"hashtype", offsetof(StrakeUriValues, hashtype)},
	{"hash", offsetof(StrakeUriValues, hash)},
	{"pkg", offsetof(StrakeUriValues, pkg)},
	{"filename", offsetof(StrakeUriValues, filename)},
	{"releasever", offsetof(StrakeUriValues, releasever)},
	{"basearch", offsetof(StrakeUriValues, basearch)},
};

// The value for what follows "$" at @at, and how long its name is; NULL when there is none.
static const char *value_at(const char *at, const StrakeUriValues *values, size_t *out_length)
{
	for (size_t i = 0; i < G_N_ELEMENTS(placeholders); i++) {
		size_t n = strlen(placeholders[i].name);
		const char *const *value =
			(const void *)((const char *)values + placeholders[i].offset);
		if (strncmp(at, placeholders[i].name, n) != 0)
			continue;
		*out_length = n;
		return *value;
	}
	return NULL;
}

char *strake_uri_expand(const char *text, const StrakeUriValues *values)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (const char *at = text; *at != '\0'; at++) {
		size_t length = 0;
		const char *value = *at == '$' ? value_at(at + 1, values, &length) : NULL;
		if (value == NULL) {
			g_string_append_c(out, *at);
			continue;
		}
		g_string_append_uri_escaped(out, value, NULL, FALSE);
		at += length;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
