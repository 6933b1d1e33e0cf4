// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From the end of a build's log to one message.
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "build/job_private.h"

enum { TAIL_LINES = 15 };

// The last lines, indented; free with g_free.
static char *tail_of(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint n = g_strv_length(lines);
	GString *out = g_string_new(NULL);

	while (n > 0 && *lines[n - 1] == '\0')
		n--;
	for (guint i = n > TAIL_LINES ? n - TAIL_LINES : 0; i < n; i++)
		g_string_append_printf(out, "\n  %s", lines[i]);
	return g_string_free(out, FALSE);
}

bool strake_build_explain(const char *log, StrakeWorkspace *workspace, const char *component,
	GBytes *spec, const char *what, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_map_at(AT_FDCWD, log, NULL);
	size_t size = 0;
	const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : "";
	g_autofree char *raw = g_strndup(data != NULL ? data : "", size);
	g_autofree char *text = g_utf8_make_valid(raw, -1);
	g_autofree char *tail = tail_of(text);

	(void)workspace;
	(void)component;
	(void)spec;
	return strake_error_set(
		error, STRAKE_ERROR_FAILED, "%s; the end of %s:%s", what, log, tail);
}
