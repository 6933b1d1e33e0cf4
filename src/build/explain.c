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

static bool has_any(const char *text, const char *const *phrases)
{
	for (; *phrases != NULL; phrases++)
		if (strstr(text, *phrases) != NULL)
			return true;
	return false;
}

// The number in "error: line 12: ..." or "error: /builddir/SOURCES/x.spec:12: ..."; 0: none.
static guint spec_line(const char *text, const char *component)
{
	g_autofree char *file = g_strdup_printf("%s.spec:", component);
	const char *const marks[] = {"error: line ", file};

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
		const char *at = strstr(text, marks[i]);
		guint64 number = at != NULL ? g_ascii_strtoull(at + strlen(marks[i]), NULL, 10) : 0;

		if (number > 0 && number < G_MAXUINT)
			return (guint)number;
	}
	return 0;
}

static bool writes_line(const StrakeOverlay *overlay, const char *line)
{
	const char *const texts[] = {overlay->value, overlay->replacement};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (texts[i] != NULL && *texts[i] != '\0' && strstr(line, texts[i]) != NULL)
			return true;
	for (char **text = overlay->lines; text != NULL && *text != NULL; text++)
		if (strstr(*text, line) != NULL)
			return true;
	return false;
}

// "line 12 of the rendered spec, 'TEXT', by the overlay at FILE:LINE"; free with g_free.
static char *place_in_spec(
	StrakeWorkspace *workspace, const char *component, GBytes *spec, guint number)
{
	size_t size;
	const char *data = g_bytes_get_data(spec, &size);
	g_autofree char *text = g_strndup(data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(StrakeComponent) resolved = NULL;
	GString *out;
	char *line;

	if (number == 0 || number > g_strv_length(lines))
		return NULL;
	line = g_strstrip(lines[number - 1]);
	out = g_string_new(NULL);
	g_string_append_printf(
		out, "\n  line %u of the rendered %s.spec is: %s", number, component, line);
	resolved = strake_project_resolve(workspace->project, component, NULL);
	for (guint i = 0; *line != '\0' && resolved != NULL && i < resolved->overlays->len; i++) {
		const StrakeOverlay *overlay = resolved->overlays->pdata[i];

		if (writes_line(overlay, line)) {
			g_string_append_printf(out, "\n  written by the overlay at %s:%u",
				overlay->origin.file, overlay->origin.line);
			break;
		}
	}
	return g_string_free(out, FALSE);
}

bool strake_build_explain(const char *log, StrakeWorkspace *workspace, const char *component,
	GBytes *spec, const char *what, GError **error)
{
	static const char *const full[] = {"No space left on device", NULL};
	static const char *const network[] = {"Could not resolve host",
		"Temporary failure in name resolution", "Network is unreachable", NULL};
	g_autoptr(GBytes) bytes = strake_file_map_at(AT_FDCWD, log, NULL);
	size_t size = 0;
	const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : "";
	g_autofree char *raw = g_strndup(data != NULL ? data : "", size);
	g_autofree char *text = g_utf8_make_valid(raw, -1);
	g_autofree char *tail = tail_of(text);
	g_autofree char *place =
		place_in_spec(workspace, component, spec, spec_line(text, component));
	bool is_full = has_any(text, full);

	return strake_error_set(error, is_full ? STRAKE_ERROR_NO_SPACE : STRAKE_ERROR_FAILED,
		"%s%s%s%s; the end of %s:%s", what, is_full ? ": the disk is full" : "",
		has_any(text, network) ? ": builds have no network; what they need is named in "
					 "'source-files' or BuildRequires"
				       : "",
		place != NULL ? place : "", log, tail);
}
