// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Lock files as text, in the one form that lock_file.c reads at once.
#include "project/component.h"
#include "project/lock_private.h"

static void append_string(GString *text, const char *key, const char *value)
{
	if (value != NULL && *value != '\0')
		g_string_append_printf(text, "%s = \"%s\"\n", key, value);
}

// Everything written here is hexadecimal or made of label characters: nothing needs escaping
// but the quotes and backslashes of a label or name.
static char *quoted(const char *text)
{
	g_autoptr(GString) out = g_string_new("\"");

	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(out, '\\');
		if ((guchar)*text < 0x20)
			g_string_append_printf(out, "\\u%04x", (guchar)*text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void append_lock(GString *text, const StrakeComponentLock *lock)
{
	append_string(text, "import-commit", lock->import_commit);
	append_string(text, "upstream-commit", lock->upstream_commit);
	if (lock->manual_bump != 0)
		g_string_append_printf(text, "manual-bump = %d\n", lock->manual_bump);
	append_string(text, "input-fingerprint", lock->input_fingerprint);
	append_string(text, "resolution-input-hash", lock->resolution_input_hash);
}

static void append_own(GString *text, const StrakeComponentLock *lock)
{
	g_autofree char *key = quoted(lock->name);

	g_string_append_printf(text, "\n[components.%s]\n", key);
	append_lock(text, lock);
	if (lock->inputs == NULL || lock->inputs->len == 0)
		return;
	g_string_append_printf(text, "[components.%s.inputs]\n", key);
	for (guint i = 0; i < lock->inputs->len; i++) {
		const StrakeNameValue *input = lock->inputs->pdata[i];
		g_autofree char *label = quoted(input->key);
		g_string_append_printf(text, "%s = \"%s\"\n", label, input->value);
	}
}

GString *strake_lock_file_format(const StrakeComponentLock *const *locks, size_t n)
{
	GString *text = g_string_new(STRAKE_LOCK_WRITTEN);

	g_string_append_printf(text, "version = %d\n", STRAKE_LOCK_VERSION);
	for (size_t i = 0; i < n; i++)
		append_own(text, locks[i]);
	return text;
}

GString *strake_lock_file_format_azldev(const StrakeComponentLock *lock)
{
	GString *text = g_string_new(NULL);

	g_string_printf(text, "version = %d\n", STRAKE_LOCK_VERSION);
	append_lock(text, lock);
	return text;
}
