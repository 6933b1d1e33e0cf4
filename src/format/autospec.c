// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release numbers and changelog entries from commits.
#include "format/autospec.h"

#include <string.h>

static const char *const unimportant_names[] = {".gitignore", "gating.yaml", "sources"};

bool strake_autospec_is_unimportant(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(unimportant_names); i++)
		if (strcmp(path, unimportant_names[i]) == 0)
			return true;
	return g_str_has_prefix(path, "tests/");
}

static bool has_magic_line(const char *message, const char *magic)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		if (strcmp(g_strstrip(*line), magic) == 0)
			return true;
	return false;
}

// The number of a line "[bump release: N]", 0 without one.
static unsigned bump_of(const char *message)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
	unsigned bump = 0;

	for (char **line = lines; *line != NULL; line++) {
		const char *text = g_strstrip(*line);
		guint64 value;

		if (!g_str_has_prefix(text, "[bump release:") || !g_str_has_suffix(text, "]"))
			continue;
		g_autofree char *digits = g_strndup(text + 14, strlen(text) - 15);
		if (g_ascii_string_to_unsigned(g_strstrip(digits), 10, 1, 1000000, &value, NULL))
			bump = (unsigned)value;
	}
	return bump;
}

static bool same_version(const StrakeAutospecCommit *a, const StrakeAutospecCommit *b)
{
	// A commit whose spec cannot be read is a gap, not a change of version.
	return a->epoch_version == NULL || b->epoch_version == NULL ||
	       strcmp(a->epoch_version, b->epoch_version) == 0;
}

// Release numbers of all commits, oldest last as in @commits.
static unsigned *release_numbers(const StrakeAutospecCommit *commits, size_t n)
{
	unsigned *numbers = g_new0(unsigned, n + 1);

	for (size_t i = n; i-- > 0;) {
		const StrakeAutospecCommit *c = &commits[i];

		numbers[i] = i + 1 < n && same_version(c, &commits[i + 1]) ? numbers[i + 1] : 0;
		if (c->has_spec)
			numbers[i]++;
		numbers[i] = MAX(numbers[i], bump_of(c->message));
	}
	return numbers;
}

static void append_header(GString *out, const StrakeAutospecCommit *c, unsigned number)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(c->time_s);
	unsigned complete = number + MAX(c->base, 1u) - 1;

	if (when == NULL) // outside of the years that GDateTime knows
		when = g_date_time_new_from_unix_utc(0);
	g_string_append_printf(out, "* %s %s %02d %d %s",
		days[g_date_time_get_day_of_week(when) - 1],
		months[g_date_time_get_month(when) - 1], g_date_time_get_day_of_month(when),
		g_date_time_get_year(when), c->author);
	if (c->epoch_version != NULL)
		g_string_append_printf(out, " - %s-%s%u%s", c->epoch_version,
			c->prerelease ? "0." : "", complete, c->extra != NULL ? c->extra : "");
	g_string_append_c(out, '\n');
}

static void append_entry(GString *out, const StrakeAutospecCommit *c, unsigned number)
{
	g_auto(GStrv) items = strake_autospec_items(c->message);

	append_header(out, c, number);
	for (char **item = items; *item != NULL; item++) {
		g_autofree char *wrapped = strake_autospec_wrap(*item);
		g_string_append_printf(out, "%s%s", item == items ? "" : "\n", wrapped);
	}
}

static char *changelog(const StrakeAutospecCommit *commits, size_t n, const unsigned *numbers)
{
	g_autoptr(GString) out = g_string_new(NULL);
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		const StrakeAutospecCommit *c = &commits[i];

		if (c->changelog == NULL && (!c->has_spec || c->unimportant ||
						    has_magic_line(c->message, "[skip changelog]")))
			continue;
		if (!first)
			g_string_append(out, "\n\n");
		first = false;
		if (c->changelog != NULL) {
			// From here on back the file has it all.
			g_string_append(out, c->changelog);
			break;
		}
		append_entry(out, c, numbers[i]);
	}
	g_string_append_c(out, '\n');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

void strake_autospec_compute(const StrakeAutospecCommit *commits, size_t n, StrakeAutospec *out)
{
	g_autofree unsigned *numbers = release_numbers(commits, n);

	out->release_number = numbers[0];
	out->changelog = n > 0 ? changelog(commits, n, numbers) : NULL;
}

void strake_autospec_clear(StrakeAutospec *autospec)
{
	g_clear_pointer(&autospec->changelog, g_free);
}

// -- items of a commit message: subject, continued after "...", then a list

typedef enum { IN_SUBJECT, BEFORE_BODY, IN_CONTINUATION, IN_LIST } MessageState;

static void add_text(GPtrArray *items, const char *text)
{
	GString *last = items->pdata[items->len - 1];

	if (last->len > 0)
		g_string_append_c(last, ' ');
	g_string_append(last, text);
}

// What follows "...", or NULL when @line does not begin so.
static const char *after_ellipsis(const char *line)
{
	const char *at = line;
	size_t dots = strspn(line, ".");

	while (g_str_has_prefix(at, "…"))
		at += strlen("…");
	if (at == line)
		at = dots >= 3 ? line + dots : NULL;
	while (at != NULL && g_ascii_isspace(*at))
		at++;
	return at;
}

static const char *after_dash(const char *line)
{
	line += *line == '-';
	while (g_ascii_isspace(*line))
		line++;
	return line;
}

// One line of the message; false when the rest does not count.
static bool take_line(GPtrArray *items, MessageState *state, const char *line)
{
	const GString *subject = items->pdata[0];
	const char *rest;

	if (*state == IN_SUBJECT) {
		if (*line != '\0')
			add_text(items, subject->len == 0 ? after_dash(line) : line);
		else if (subject->len > 0)
			*state = BEFORE_BODY;
		return true;
	}
	if (*state == BEFORE_BODY) {
		if (*line == '\0')
			return true;
		rest = after_ellipsis(line);
		if (rest != NULL) {
			*state = IN_CONTINUATION;
			add_text(items, rest);
			return true;
		}
		if (*line != '-')
			return false;
		*state = IN_LIST;
	}
	if (*state == IN_CONTINUATION) {
		if (*line != '\0' && *line != '-') {
			add_text(items, line);
			return true;
		}
		*state = IN_LIST;
	}
	if (*line == '\0')
		return false;
	if (*line == '-') {
		g_ptr_array_add(items, g_string_new(NULL));
		line = after_dash(line);
	}
	add_text(items, line);
	return true;
}

char **strake_autospec_items(const char *message)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	MessageState state = IN_SUBJECT;
	bool more = true;

	g_ptr_array_add(items, g_string_new(NULL));
	for (char **line = lines; more && *line != NULL; line++) {
		g_autoptr(GString) quoted = g_string_new(g_strstrip(*line));

		g_string_replace(quoted, "%", "%%", 0);
		more = take_line(items, &state, quoted->str);
	}
	for (guint i = 0; i < items->len; i++)
		items->pdata[i] = g_string_free(items->pdata[i], FALSE);
	g_ptr_array_add(items, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
}
