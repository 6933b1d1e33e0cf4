// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The C++ half of the TOML reader: toml++'s tree copied into ours. No exception leaves this file.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 64
#include <toml++/toml.h>

#include <algorithm>
#include <string.h>
#include <string_view>

extern "C" {
#include "format/toml_private.h"
}

static_assert(TOML_MAX_NESTED_VALUES == STRAKE_TOML_NESTING_MAX);

namespace
{
void convert(StrakeArena *arena, const toml::node &node, StrakeTomlValue *out);

template <typename T> T *allocate(StrakeArena *arena, size_t count)
{
	return count == 0 ? nullptr
			  : static_cast<T *>(strake_arena_alloc(arena, count * sizeof(T)));
}

void convert_table(StrakeArena *arena, const toml::table &table, StrakeTomlValue *out)
{
	size_t count = table.size();
	auto *entries = allocate<StrakeTomlEntry>(arena, count);
	auto *sorted = allocate<uint32_t>(arena, count);
	auto *place = allocate<uint32_t>(arena, count);
	size_t i = 0;

	for (auto &&[key, node] : table) {
		entries[i].key = strake_arena_strndup(arena, key.data(), key.length());
		entries[i].line = key.source().begin.line;
		entries[i].column = key.source().begin.column;
		convert(arena, node, &entries[i].value);
		i++;
	}
	// toml++ keeps keys sorted; bring the entries into the order of the file.
	for (i = 0; i < count; i++)
		place[i] = (uint32_t)i;
	std::stable_sort(place, place + count, [&](uint32_t a, uint32_t b) {
		return entries[a].line != entries[b].line ? entries[a].line < entries[b].line
							  : entries[a].column < entries[b].column;
	});
	auto *ordered = allocate<StrakeTomlEntry>(arena, count);
	for (i = 0; i < count; i++) {
		ordered[i] = entries[place[i]];
		sorted[place[i]] = (uint32_t)i;
	}
	out->kind = STRAKE_TOML_TABLE;
	out->table = {ordered, sorted, count};
}

void convert_array(StrakeArena *arena, const toml::array &array, StrakeTomlValue *out)
{
	auto *items = allocate<StrakeTomlValue>(arena, array.size());
	size_t i = 0;

	for (auto &&node : array)
		convert(arena, node, &items[i++]);
	out->kind = STRAKE_TOML_ARRAY;
	out->array = {items, array.size()};
}

void set_date(StrakeTomlTime *out, const toml::date &date)
{
	out->year = date.year;
	out->month = date.month;
	out->day = date.day;
}

void set_time(StrakeTomlTime *out, const toml::time &time)
{
	out->hour = time.hour;
	out->minute = time.minute;
	out->second = time.second;
	out->nanosecond = time.nanosecond;
}

void convert(StrakeArena *arena, const toml::node &node, StrakeTomlValue *out)
{
	out->line = node.source().begin.line;
	out->column = node.source().begin.column;
	if (const auto *table = node.as_table()) {
		convert_table(arena, *table, out);
	} else if (const auto *array = node.as_array()) {
		convert_array(arena, *array, out);
	} else if (const auto *string = node.as_string()) {
		out->kind = STRAKE_TOML_STRING;
		out->string = {strake_arena_strndup(arena, (*string)->data(), (*string)->size()),
			(*string)->size()};
	} else if (const auto *integer = node.as_integer()) {
		out->kind = STRAKE_TOML_INTEGER;
		out->integer = integer->get();
	} else if (const auto *real = node.as_floating_point()) {
		out->kind = STRAKE_TOML_FLOAT;
		out->real = real->get();
	} else if (const auto *boolean = node.as_boolean()) {
		out->kind = STRAKE_TOML_BOOL;
		out->boolean = boolean->get();
	} else if (const auto *date = node.as_date()) {
		out->kind = STRAKE_TOML_DATE;
		set_date(&out->time, date->get());
	} else if (const auto *time = node.as_time()) {
		out->kind = STRAKE_TOML_TIME;
		set_time(&out->time, time->get());
	} else if (const auto *both = node.as_date_time()) {
		const toml::date_time &value = both->get();
		out->kind = value.is_local() ? STRAKE_TOML_DATETIME : STRAKE_TOML_OFFSET_DATETIME;
		set_date(&out->time, value.date);
		set_time(&out->time, value.time);
		if (value.offset)
			out->time.offset_minutes = value.offset->minutes;
	}
}
} // namespace

bool strake_toml_convert(StrakeToml *toml, const char *data, size_t size, GError **error)
{
	try {
		toml::parse_result result =
			toml::parse(std::string_view(data, size), std::string_view(toml->name));
		if (!result) {
			const toml::parse_error &problem = result.error();
			StrakeOrigin at = {toml->name, problem.source().begin.line,
				problem.source().begin.column};
			std::string_view why = problem.description();
			return strake_error_at(error, STRAKE_ERROR_INVALID, at, "%.*s",
				(int)why.size(), why.data());
		}
		convert(toml->arena, result.table(), &toml->root);
		return true;
	} catch (...) {
		return strake_error_set(
			error, STRAKE_ERROR_LIMIT, "%s: not enough memory to read it", toml->name);
	}
}
