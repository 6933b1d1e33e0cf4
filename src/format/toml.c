// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The C half of the TOML reader: limits, look-up and date-times.
#include "format/toml.h"

#include <string.h>

#include "format/toml_private.h"

typedef struct {
	const char *at;
	const char *end;
	const char *name;
	unsigned line;
	const char *line_start;
} Scan;

static bool scan_error(
	const Scan *s, StrakeErrorCode code, const char *at, const char *what, GError **error)
{
	// Columns count characters, as toml++ does: continuation bytes are not counted.
	unsigned column = 1;

	for (const char *p = s->line_start; p < at; p++)
		column += (*p & 0xc0) != 0x80;
	return strake_error_at(error, code, (StrakeOrigin){s->name, s->line, column}, "%s", what);
}

static void newline(Scan *s)
{
	s->line++;
	s->line_start = s->at + 1;
}

// Steps over a string, @s->at on its first quote; stops behind it, or at the end or newline that
// makes it an error, which toml++ then reports.
static void skip_string(Scan *s)
{
	char quote = *s->at;
	bool multi = s->end - s->at >= 3 && s->at[1] == quote && s->at[2] == quote;

	for (s->at += multi ? 3 : 1; s->at < s->end; s->at++) {
		if (*s->at == '\\' && quote == '"' && s->at + 1 < s->end) {
			s->at++;
			if (*s->at == '\n')
				newline(s);
			continue;
		}
		if (*s->at == '\n') {
			if (!multi)
				return;
			newline(s);
			continue;
		}
		if (*s->at != quote)
			continue;
		if (!multi) {
			s->at++;
			return;
		}
		if (s->end - s->at >= 3 && s->at[1] == quote && s->at[2] == quote) {
			s->at += 3;
			for (int more = 0; more < 2 && s->at < s->end && *s->at == quote; more++)
				s->at++;
			return;
		}
	}
}

bool strake_toml_check(const char *data, size_t size, const char *name, GError **error)
{
	Scan s = {.at = data, .end = data + size, .name = name, .line = 1, .line_start = data};
	unsigned dots = 0;

	if (size > STRAKE_TOML_SIZE_MAX)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: %zu bytes are more than the %d that a TOML file may have", name, size,
			STRAKE_TOML_SIZE_MAX);
	while (s.at < s.end) {
		switch (*s.at) {
		case '"':
		case '\'':
			skip_string(&s);
			continue;
		case '#':
			while (s.at < s.end && *s.at != '\n')
				s.at++;
			continue;
		case '.':
			if (++dots > STRAKE_TOML_DOTS_MAX)
				return scan_error(&s, STRAKE_ERROR_LIMIT, s.at,
					"a key may not have more than 32 dots", error);
			break;
		case '\n':
			newline(&s);
			dots = 0;
			break;
		case '=':
		case ',':
		case '[':
		case ']':
		case '{':
		case '}':
			dots = 0;
			break;
		}
		s.at++;
	}
	return true;
}

StrakeToml *strake_toml_parse(const char *data, size_t size, const char *name, GError **error)
{
	g_autoptr(StrakeToml) toml = g_new0(StrakeToml, 1);

	toml->arena = strake_arena_new();
	toml->name = strake_arena_strdup(toml->arena, name);
	if (!strake_toml_check(data, size, name, error) ||
		!strake_toml_convert(toml, data, size, error))
		return NULL;
	return g_steal_pointer(&toml);
}

void strake_toml_free(StrakeToml *toml)
{
	if (toml == NULL)
		return;
	strake_arena_free(toml->arena);
	g_free(toml);
}

const StrakeTomlValue *strake_toml_root(const StrakeToml *toml)
{
	return &toml->root;
}

const StrakeTomlEntry *strake_toml_get(const StrakeTomlValue *table, const char *key)
{
	size_t low = 0;
	size_t high;

	g_return_val_if_fail(table->kind == STRAKE_TOML_TABLE, NULL);
	high = table->table.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const StrakeTomlEntry *entry = &table->table.entries[table->table.sorted[middle]];
		int order = strcmp(key, entry->key);
		if (order == 0)
			return entry;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const char *strake_toml_kind_name(StrakeTomlKind kind)
{
	static const char *const names[] = {
		[STRAKE_TOML_TABLE] = "a table",
		[STRAKE_TOML_ARRAY] = "an array",
		[STRAKE_TOML_STRING] = "a string",
		[STRAKE_TOML_INTEGER] = "an integer",
		[STRAKE_TOML_FLOAT] = "a float",
		[STRAKE_TOML_BOOL] = "a boolean",
		[STRAKE_TOML_DATE] = "a date",
		[STRAKE_TOML_TIME] = "a time",
		[STRAKE_TOML_DATETIME] = "a date-time",
		[STRAKE_TOML_OFFSET_DATETIME] = "a date-time",
	};

	g_return_val_if_fail((size_t)kind < G_N_ELEMENTS(names), "?");
	return names[kind];
}

char *strake_toml_time_format(const StrakeTomlValue *value)
{
	const StrakeTomlTime *t = &value->time;
	g_autoptr(GString) out = g_string_new(NULL);

	g_return_val_if_fail(value->kind >= STRAKE_TOML_DATE, NULL);
	if (value->kind != STRAKE_TOML_TIME)
		g_string_append_printf(out, "%04u-%02u-%02u", t->year, t->month, t->day);
	if (value->kind >= STRAKE_TOML_DATETIME)
		g_string_append_c(out, 'T');
	if (value->kind != STRAKE_TOML_DATE)
		g_string_append_printf(out, "%02u:%02u:%02u", t->hour, t->minute, t->second);
	if (t->nanosecond != 0) {
		g_string_append_printf(out, ".%09u", t->nanosecond);
		while (out->str[out->len - 1] == '0')
			g_string_truncate(out, out->len - 1);
	}
	if (value->kind == STRAKE_TOML_OFFSET_DATETIME && t->offset_minutes == 0)
		g_string_append_c(out, 'Z');
	else if (value->kind == STRAKE_TOML_OFFSET_DATETIME)
		g_string_append_printf(out, "%c%02d:%02d", t->offset_minutes < 0 ? '-' : '+',
			ABS(t->offset_minutes) / 60, ABS(t->offset_minutes) % 60);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

bool strake_toml_time_unix(const StrakeTomlValue *value, int64_t *out_seconds)
{
	const StrakeTomlTime *t = &value->time;

	if (value->kind < STRAKE_TOML_DATE || value->kind == STRAKE_TOML_TIME)
		return false;
	*out_seconds = days_of(t->year, t->month, t->day) * 86400 + t->hour * 3600 +
		       t->minute * 60 + t->second - t->offset_minutes * 60;
	return true;
}
