// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What a build must know of a spec before rpm has seen it.
#include <string.h>

#include "build/job_private.h"
#include "format/specfile.h"

#define KEY_SOURCE "RPM-GPG-KEY-strake"

enum { NOON_S = 12 * 60 * 60 };

static int month_of(const char *word)
{
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	for (size_t i = 0; i < G_N_ELEMENTS(months); i++)
		if (strcmp(word, months[i]) == 0)
			return (int)i + 1;
	return 0;
}

// "* Fri Nov 21 2026 Name <mail> - 1.0-1": noon of that day; 0: no such line.
static int64_t changelog_time(const char *text, size_t size)
{
	g_autofree char *line = g_strndup(text, size);
	g_auto(GStrv) words = NULL;
	g_autoptr(GDateTime) date = NULL;
	guint64 day, year;
	int month;

	if (*line != '*')
		return 0;
	// Days below ten may stand behind two blanks.
	for (char *at; (at = strstr(line, "  ")) != NULL;)
		memmove(at, at + 1, strlen(at));
	words = g_strsplit(line, " ", 6);
	if (g_strv_length(words) < 5)
		return 0;
	month = month_of(words[2]);
	if (month == 0 || !g_ascii_string_to_unsigned(words[3], 10, 1, 31, &day, NULL) ||
		!g_ascii_string_to_unsigned(words[4], 10, 1980, 2100, &year, NULL))
		return 0;
	date = g_date_time_new_utc((int)year, month, (int)day, 0, 0, 0);
	return date != NULL ? g_date_time_to_unix(date) + NOON_S : 0;
}

static int64_t newest_change(const StrakeSpec *parsed, const StrakeSpecSection *section)
{
	const StrakeSpecLine *lines = strake_spec_lines(parsed);

	for (size_t i = section->body; i < section->end; i++) {
		int64_t time_s = changelog_time(lines[i].text, lines[i].size);

		if (time_s > 0)
			return time_s;
	}
	return 0;
}

void strake_build_read_spec(GBytes *spec, bool *out_dynamic, int64_t *out_time_s)
{
	g_autoptr(StrakeSpec) parsed = strake_spec_parse(spec, NULL);
	g_autoptr(GArray) sections = NULL;

	*out_dynamic = false;
	*out_time_s = STRAKE_BUILD_TIME_S;
	if (parsed == NULL)
		return;
	sections = strake_spec_sections(parsed, true);
	for (guint i = 0; i < sections->len; i++) {
		const StrakeSpecSection *section = &g_array_index(sections, StrakeSpecSection, i);
		int64_t time_s = 0;

		if (strake_spec_span_is_nocase(section->name, "%generate_buildrequires"))
			*out_dynamic = true;
		if (section->type == STRAKE_SPEC_SECTION_CHANGELOG)
			time_s = newest_change(parsed, section);
		if (time_s > 0)
			*out_time_s = time_s;
	}
}

void strake_build_add_key(StrakeFileTree *tree, GBytes *spec, const char *public_key)
{
	size_t size;
	const char *text = g_bytes_get_data(spec, &size);

	if (g_strstr_len(text, (gssize)size, KEY_SOURCE) != NULL)
		strake_file_tree_set_text(tree, KEY_SOURCE, public_key);
}
