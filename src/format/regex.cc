// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The C++ half of the regular expressions: RE2 and nothing else. No exception leaves this file.
#include "format/regex.h"

#include <re2/re2.h>

#include <string.h>
#include <string>
#include <utility>

extern "C" {
#include "base/error.h"
}

struct StrakeRegex {
	RE2 *re2;
	bool bytes;
};

namespace
{
enum { PATTERN_MAX = 64 * 1024, PROGRAM_MAX = 8 << 20 };

RE2 *compile(const std::string &pattern, StrakeRegexFlags flags)
{
	RE2::Options options;
	options.set_log_errors(false);
	options.set_max_mem(PROGRAM_MAX);
	if ((flags & STRAKE_REGEX_BYTES) != 0)
		options.set_encoding(RE2::Options::EncodingLatin1);
	return new RE2(pattern, options);
}

// Go also writes a named group (?<name>...), which this RE2 only knows as (?P<name>...).
std::string with_python_names(const std::string &pattern)
{
	std::string out;
	for (size_t i = 0; i < pattern.size(); i++) {
		out += pattern[i];
		if (pattern[i] == '\\' && i + 1 < pattern.size())
			out += pattern[++i];
		else if (pattern.compare(i, 3, "(?<") == 0 && i + 3 < pattern.size() &&
			 (g_ascii_isalpha(pattern[i + 3]) || pattern[i + 3] == '_')) {
			out += "?P";
			i++;
		}
	}
	return out;
}

// A step over one character, so that an empty match never splits one.
size_t character_size(const StrakeRegex *regex, const char *text, size_t size, size_t at)
{
	if (regex->bytes)
		return 1;
	gunichar c = g_utf8_get_char_validated(text + at, (gssize)(size - at));
	if (c == (gunichar)-1 || c == (gunichar)-2)
		return 1;
	return (size_t)g_unichar_to_utf8(c, nullptr);
}

// The next match for counting and replacing. @last_end: end of the previous one, or UNSET.
bool next_match(const StrakeRegex *regex, const char *text, size_t size, size_t *at,
	size_t *last_end, StrakeRegexSpan *spans, size_t n_spans)
{
	while (*at <= size && strake_regex_find(regex, text, size, *at, spans, n_spans)) {
		bool empty = spans[0].start == spans[0].end;
		bool again = empty && spans[0].start == *last_end;
		*at = spans[0].end;
		if (empty)
			*at += *at < size ? character_size(regex, text, size, *at) : 1;
		if (again)
			continue;
		*last_end = spans[0].end;
		return true;
	}
	return false;
}

void append_expanded(GString *out, const char *replacement, const char *text,
	const StrakeRegexSpan *spans, size_t n_spans)
{
	for (const char *at = replacement; *at != '\0'; at++) {
		if (*at != '\\' || at[1] == '\0') {
			g_string_append_c(out, *at);
			continue;
		}
		at++;
		if (!g_ascii_isdigit(*at)) {
			g_string_append_c(out, *at);
			continue;
		}
		size_t group = (size_t)(*at - '0');
		if (group < n_spans && spans[group].start != STRAKE_REGEX_UNSET)
			g_string_append_len(out, text + spans[group].start,
				(gssize)(spans[group].end - spans[group].start));
	}
}
} // namespace

StrakeRegex *strake_regex_new(const char *pattern, StrakeRegexFlags flags, GError **error)
{
	size_t size = strlen(pattern);
	if (size > PATTERN_MAX) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"regular expression '%.40s...' is longer than %d bytes", pattern,
			PATTERN_MAX);
		return nullptr;
	}
	try {
		RE2 *re2 = compile(pattern, flags);
		if (re2->error_code() == RE2::ErrorBadPerlOp) {
			RE2 *again = compile(with_python_names(pattern), flags);
			if (again->ok())
				std::swap(re2, again);
			delete again;
		}
		if (!re2->ok() || re2->NumberOfCapturingGroups() > STRAKE_REGEX_GROUPS_MAX) {
			strake_error_set(error, STRAKE_ERROR_INVALID,
				"regular expression '%.200s': %s", pattern,
				re2->ok() ? "more than 64 groups" : re2->error().c_str());
			delete re2;
			return nullptr;
		}
		StrakeRegex *regex = g_new0(StrakeRegex, 1);
		regex->re2 = re2;
		regex->bytes = (flags & STRAKE_REGEX_BYTES) != 0;
		return regex;
	} catch (...) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"regular expression '%.200s': not enough memory", pattern);
		return nullptr;
	}
}

void strake_regex_free(StrakeRegex *regex)
{
	if (regex == nullptr)
		return;
	delete regex->re2;
	g_free(regex);
}

unsigned strake_regex_groups(const StrakeRegex *regex)
{
	return (unsigned)regex->re2->NumberOfCapturingGroups();
}

bool strake_regex_find(const StrakeRegex *regex, const char *text, size_t size, size_t from,
	StrakeRegexSpan *spans, size_t n_spans)
{
	re2::StringPiece groups[STRAKE_REGEX_GROUPS_MAX + 1];
	size_t have = MIN(n_spans, (size_t)strake_regex_groups(regex) + 1);

	if (from > size)
		return false;
	try {
		if (!regex->re2->Match(re2::StringPiece(text, size), from, size, RE2::UNANCHORED,
			    groups, (int)have))
			return false;
	} catch (...) {
		return false;
	}
	for (size_t i = 0; i < n_spans; i++) {
		bool set = i < have && groups[i].data() != nullptr;
		spans[i].start = set ? (size_t)(groups[i].data() - text) : STRAKE_REGEX_UNSET;
		spans[i].end = set ? spans[i].start + groups[i].size() : STRAKE_REGEX_UNSET;
	}
	return true;
}

size_t strake_regex_count(const StrakeRegex *regex, const char *text, size_t size)
{
	StrakeRegexSpan span;
	size_t at = 0;
	size_t last_end = STRAKE_REGEX_UNSET;
	size_t count = 0;

	while (next_match(regex, text, size, &at, &last_end, &span, 1))
		count++;
	return count;
}

bool strake_regex_check_expand(const StrakeRegex *regex, const char *replacement, GError **error)
{
	for (const char *at = replacement; *at != '\0'; at++) {
		if (*at != '\\')
			continue;
		at++;
		if (*at != '\\' && !g_ascii_isdigit(*at))
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"replacement '%.200s': a backslash stands before a digit or "
				"another "
				"backslash",
				replacement);
		if (g_ascii_isdigit(*at) && (unsigned)(*at - '0') > strake_regex_groups(regex))
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"replacement '%.200s': there is no group %c; the expression has %u",
				replacement, *at, strake_regex_groups(regex));
	}
	return true;
}

GString *strake_regex_replace(const StrakeRegex *regex, const char *text, size_t size,
	const char *replacement, bool expand, size_t max_size, size_t *out_count, GError **error)
{
	StrakeRegexSpan spans[10];
	size_t n_spans = expand ? G_N_ELEMENTS(spans) : 1;
	g_autoptr(GString) out = g_string_sized_new(size + 1);
	size_t copied = 0;
	size_t at = 0;
	size_t last_end = STRAKE_REGEX_UNSET;
	size_t count = 0;

	while (next_match(regex, text, size, &at, &last_end, spans, n_spans)) {
		count++;
		g_string_append_len(out, text + copied, (gssize)(spans[0].start - copied));
		copied = spans[0].end;
		if (expand)
			append_expanded(out, replacement, text, spans, n_spans);
		else
			g_string_append(out, replacement);
		if (out->len > max_size)
			break;
	}
	g_string_append_len(out, text + copied, (gssize)(size - copied));
	if (out->len > max_size) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"the text would grow beyond %zu bytes by replacing", max_size);
		return nullptr;
	}
	if (out_count != nullptr)
		*out_count = count;
	return (GString *)g_steal_pointer(&out);
}
