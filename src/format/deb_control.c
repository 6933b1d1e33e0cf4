// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Stanzas of control files as borrowed slices.
#include "format/deb_control.h"

#include <string.h>

struct StrakeDebControl {
	char *name;
	const char *at;
	const char *end;
	unsigned line;  // of @at, from 1
	GArray *fields; // of StrakeDebField, reused
	StrakeDebStanza stanza;
};

// Many more fields than any archive has; a bound for the quadratic check on doubled names.
enum { FIELDS_MAX = 512 };

StrakeDebControl *strake_deb_control_new(const char *text, size_t size, const char *name)
{
	return strake_deb_control_new_at(text, size, name, 1);
}

StrakeDebControl *strake_deb_control_new_at(
	const char *text, size_t size, const char *name, unsigned line)
{
	StrakeDebControl *control = g_new0(StrakeDebControl, 1);

	control->name = g_strdup(name);
	control->at = text;
	control->end = text + size;
	control->line = line;
	control->fields = g_array_new(FALSE, FALSE, sizeof(StrakeDebField));
	return control;
}

void strake_deb_control_free(StrakeDebControl *control)
{
	if (control == NULL)
		return;
	g_array_unref(control->fields);
	g_free(control->name);
	g_free(control);
}

static StrakeDebSlice trim(const char *at, const char *end)
{
	while (at < end && g_ascii_isspace(*at))
		at++;
	while (end > at && g_ascii_isspace(end[-1]))
		end--;
	return (StrakeDebSlice){.data = at, .size = (size_t)(end - at)};
}

// The line at the reader, without its LF; *@next is where the following one starts.
static const char *line_end(const StrakeDebControl *control, const char **next)
{
	const char *end = memchr(control->at, '\n', (size_t)(control->end - control->at));

	*next = end != NULL ? end + 1 : control->end;
	return end != NULL ? end : control->end;
}

static bool is_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at == end;
}

static bool same_name(StrakeDebSlice a, StrakeDebSlice b)
{
	return a.size == b.size && g_ascii_strncasecmp(a.data, b.data, a.size) == 0;
}

static bool broken(const StrakeDebControl *control, const char *why, GError **error)
{
	const StrakeOrigin at = {.file = control->name, .line = control->line};

	return strake_error_at(error, STRAKE_ERROR_INVALID, at, "%s", why);
}

static bool add_field(StrakeDebControl *control, const char *end, GError **error)
{
	const char *colon = memchr(control->at, ':', (size_t)(end - control->at));
	StrakeDebField field = {.line = control->line};

	if (colon == NULL || colon == control->at)
		return broken(control, "found no 'Field: value' on this line", error);
	for (const char *p = control->at; p < colon; p++)
		if (*p <= ' ' || *p == 0x7f)
			return broken(control,
				"a field name has a blank or control character in it", error);
	field.name = (StrakeDebSlice){.data = control->at, .size = (size_t)(colon - control->at)};
	field.value = trim(colon + 1, end);
	for (guint i = 0; i < control->fields->len; i++) {
		StrakeDebSlice other = g_array_index(control->fields, StrakeDebField, i).name;
		const StrakeOrigin at = {.file = control->name, .line = control->line};

		if (same_name(other, field.name))
			return strake_error_at(error, STRAKE_ERROR_INVALID, at,
				"field '%.*s' is given twice in one stanza", (int)field.name.size,
				field.name.data);
	}
	if (control->fields->len == FIELDS_MAX)
		return broken(control, "a stanza has more than 512 fields", error);
	g_array_append_val(control->fields, field);
	return true;
}

static bool add_line(StrakeDebControl *control, const char *end, GError **error)
{
	StrakeDebField *last;
	StrakeDebSlice more;

	if (*control->at != ' ' && *control->at != '\t')
		return add_field(control, end, error);
	if (control->fields->len == 0)
		return broken(control, "a continuation line has no field above it", error);
	last = &g_array_index(control->fields, StrakeDebField, control->fields->len - 1);
	more = trim(control->at, end);
	if (last->value.size == 0)
		last->value = more;
	else
		last->value.size = (size_t)(more.data + more.size - last->value.data);
	return true;
}

bool strake_deb_control_next(StrakeDebControl *control, const StrakeDebStanza **out, GError **error)
{
	const char *start = NULL;
	const char *next;
	unsigned first_line = 0;

	g_array_set_size(control->fields, 0);
	while (control->at < control->end) {
		const char *end = line_end(control, &next);

		if (is_blank(control->at, end)) {
			if (start != NULL)
				break;
		} else if (*control->at != '#') {
			if (start == NULL) {
				start = control->at;
				first_line = control->line;
			}
			if (!add_line(control, end, error))
				return false;
		}
		control->at = next;
		control->line++;
	}
	if (start == NULL) {
		*out = NULL;
		return true;
	}
	if (memchr(start, '\0', (size_t)(control->at - start)) != NULL)
		return broken(control, "the stanza above has a NUL byte", error);
	control->stanza = (StrakeDebStanza){
		.fields = &g_array_index(control->fields, StrakeDebField, 0),
		.n_fields = control->fields->len,
		.text = {.data = start, .size = (size_t)(control->at - start)},
		.file = control->name,
		.line = first_line,
	};
	*out = &control->stanza;
	return true;
}

const StrakeDebField *strake_deb_stanza_find(const StrakeDebStanza *stanza, const char *name)
{
	const StrakeDebSlice wanted = {.data = name, .size = strlen(name)};

	for (size_t i = 0; i < stanza->n_fields; i++)
		if (same_name(stanza->fields[i].name, wanted))
			return &stanza->fields[i];
	return NULL;
}

char *strake_deb_stanza_dup(const StrakeDebStanza *stanza, const char *name)
{
	const StrakeDebField *field = strake_deb_stanza_find(stanza, name);

	return field != NULL ? strake_deb_slice_dup(field->value) : NULL;
}

StrakeOrigin strake_deb_stanza_origin(const StrakeDebStanza *stanza, const char *name)
{
	const StrakeDebField *field = strake_deb_stanza_find(stanza, name);

	return (StrakeOrigin){
		.file = stanza->file,
		.line = field != NULL ? field->line : stanza->line,
	};
}

char *strake_deb_stanza_need(const StrakeDebStanza *stanza, const char *name, GError **error)
{
	const StrakeDebField *field = strake_deb_stanza_find(stanza, name);

	if (field != NULL && field->value.size > 0)
		return strake_deb_slice_dup(field->value);
	strake_error_at(error, STRAKE_ERROR_INVALID, strake_deb_stanza_origin(stanza, name),
		field != NULL ? "field '%s' is empty" : "the stanza has no field '%s'", name);
	return NULL;
}

bool strake_deb_slice_equal(StrakeDebSlice slice, const char *text)
{
	return strlen(text) == slice.size && memcmp(slice.data, text, slice.size) == 0;
}

char *strake_deb_slice_dup(StrakeDebSlice slice)
{
	return g_strndup(slice.data, slice.size);
}

bool strake_deb_name_check(const char *name, GError **error)
{
	enum { NAME_MAX_BYTES = 200 };
	size_t size = strlen(name);
	bool good = size >= 1 && size <= NAME_MAX_BYTES && g_ascii_isalnum(*name);

	for (const char *p = name; good && *p != '\0'; p++)
		good = g_ascii_isalnum(*p) || strchr("+-._", *p) != NULL;
	if (good)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"'%.*s' is not a package name: expected letters, digits and + - . _ after a first "
		"letter or digit",
		NAME_MAX_BYTES, name);
}
