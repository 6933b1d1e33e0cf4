// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What one line of a spec is, from its text alone: headers, directives, tags, macro definitions.
#include "format/specfile.h"

#include <string.h>

static const StrakeSpecSectionInfo sections[] = {
	{NULL, STRAKE_SPEC_SECTION_PACKAGE},
	{"%package", STRAKE_SPEC_SECTION_PACKAGE},
	{"%prep", STRAKE_SPEC_SECTION_SCRIPT},
	{"%conf", STRAKE_SPEC_SECTION_SCRIPT},
	{"%build", STRAKE_SPEC_SECTION_SCRIPT},
	{"%install", STRAKE_SPEC_SECTION_SCRIPT},
	{"%check", STRAKE_SPEC_SECTION_SCRIPT},
	{"%clean", STRAKE_SPEC_SECTION_SCRIPT},
	{"%generate_buildrequires", STRAKE_SPEC_SECTION_SCRIPT},
	{"%pre", STRAKE_SPEC_SECTION_SCRIPT},
	{"%post", STRAKE_SPEC_SECTION_SCRIPT},
	{"%preun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%postun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%pretrans", STRAKE_SPEC_SECTION_SCRIPT},
	{"%posttrans", STRAKE_SPEC_SECTION_SCRIPT},
	{"%preuntrans", STRAKE_SPEC_SECTION_SCRIPT},
	{"%postuntrans", STRAKE_SPEC_SECTION_SCRIPT},
	{"%verify", STRAKE_SPEC_SECTION_SCRIPT},
	{"%triggerin", STRAKE_SPEC_SECTION_SCRIPT},
	{"%triggerun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%triggerprein", STRAKE_SPEC_SECTION_SCRIPT},
	{"%triggerpostun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%filetriggerin", STRAKE_SPEC_SECTION_SCRIPT},
	{"%filetriggerun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%filetriggerpostun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%transfiletriggerin", STRAKE_SPEC_SECTION_SCRIPT},
	{"%transfiletriggerun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%transfiletriggerpostun", STRAKE_SPEC_SECTION_SCRIPT},
	{"%description", STRAKE_SPEC_SECTION_RAW},
	{"%files", STRAKE_SPEC_SECTION_FILES},
	{"%changelog", STRAKE_SPEC_SECTION_CHANGELOG},
	{"%patchlist", STRAKE_SPEC_SECTION_LIST},
	{"%sourcelist", STRAKE_SPEC_SECTION_LIST},
};

static const struct {
	const char *word;
	StrakeSpecLineKind kind;
} directives[] = {
	{"%if", STRAKE_SPEC_IF},
	{"%ifarch", STRAKE_SPEC_IF},
	{"%ifnarch", STRAKE_SPEC_IF},
	{"%ifos", STRAKE_SPEC_IF},
	{"%ifnos", STRAKE_SPEC_IF},
	{"%endif", STRAKE_SPEC_ENDIF},
	{"%else", STRAKE_SPEC_BRANCH},
	{"%elif", STRAKE_SPEC_BRANCH},
	{"%elifarch", STRAKE_SPEC_BRANCH},
	{"%elifnarch", STRAKE_SPEC_BRANCH},
	{"%elifos", STRAKE_SPEC_BRANCH},
	{"%elifnos", STRAKE_SPEC_BRANCH},
	{"%define", STRAKE_SPEC_MACRO},
	{"%global", STRAKE_SPEC_MACRO},
	{"%undefine", STRAKE_SPEC_MACRO},
	{"%bcond", STRAKE_SPEC_MACRO},
	{"%bcond_with", STRAKE_SPEC_MACRO},
	{"%bcond_without", STRAKE_SPEC_MACRO},
};

enum { LONGEST_WORD = 23 };

bool strake_spec_span_is(StrakeSpecSpan span, const char *text)
{
	return strlen(text) == span.size &&
	       (span.size == 0 || memcmp(span.at, text, span.size) == 0);
}

bool strake_spec_span_is_nocase(StrakeSpecSpan span, const char *text)
{
	return strlen(text) == span.size &&
	       (span.size == 0 || g_ascii_strncasecmp(span.at, text, span.size) == 0);
}

const StrakeSpecSectionInfo *strake_spec_section_info(uint8_t section)
{
	g_return_val_if_fail(section < G_N_ELEMENTS(sections), &sections[0]);
	return &sections[section];
}

/* Bytes of the blank at @p, 0 for none: ASCII blanks and what Unicode calls White_Space. */
static size_t blank_size(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t left = (size_t)(end - p);

	if (left == 0)
		return 0;
	if (u[0] < 0x80)
		return u[0] == ' ' || (u[0] >= '\t' && u[0] <= '\r');
	if (left >= 2 && u[0] == 0xc2)
		return u[1] == 0x85 || u[1] == 0xa0 ? 2 : 0;
	if (left < 3)
		return 0;
	if (u[0] == 0xe1)
		return u[1] == 0x9a && u[2] == 0x80 ? 3 : 0;
	if (u[0] == 0xe2 && u[1] == 0x80)
		return (u[2] >= 0x80 && u[2] <= 0x8a) || u[2] == 0xa8 || u[2] == 0xa9 ||
				       u[2] == 0xaf
			       ? 3
			       : 0;
	if (u[0] == 0xe2 && u[1] == 0x81)
		return u[2] == 0x9f ? 3 : 0;
	return u[0] == 0xe3 && u[1] == 0x80 && u[2] == 0x80 ? 3 : 0;
}

/* Nearly all bytes are neither a blank nor part of one. */
static inline bool may_be_blank(char c)
{
	return (unsigned char)c <= ' ' || (unsigned char)c >= 0x80;
}

static inline const char *skip_blanks(const char *p, const char *end)
{
	size_t n;

	while (p < end && may_be_blank(*p) && (n = blank_size(p, end)) > 0)
		p += n;
	return p;
}

StrakeSpecSpan strake_spec_token(const char **at, const char *end)
{
	StrakeSpecSpan token = {.at = skip_blanks(*at, end)};
	const char *p = token.at;

	while (p < end && (!may_be_blank(*p) || blank_size(p, end) == 0))
		p++;
	token.size = (size_t)(p - token.at);
	*at = p;
	return token;
}

StrakeSpecSpan strake_spec_trim(const char *text, size_t size)
{
	const char *end = text + size;
	const char *from = skip_blanks(text, end);

	for (;;) {
		if (end > from && !may_be_blank(end[-1]))
			return (StrakeSpecSpan){from, (size_t)(end - from)};
		if (end > from && blank_size(end - 1, end) == 1)
			end--;
		else if (end - from >= 2 && blank_size(end - 2, end) == 2)
			end -= 2;
		else if (end - from >= 3 && blank_size(end - 3, end) == 3)
			end -= 3;
		else
			return (StrakeSpecSpan){from, (size_t)(end - from)};
	}
}

static StrakeSpecLineKind classify_word(StrakeSpecSpan token, uint8_t *out_section)
{
	char word[LONGEST_WORD + 1];

	if (token.size > LONGEST_WORD)
		return STRAKE_SPEC_TEXT;
	for (size_t i = 0; i < token.size; i++)
		word[i] = g_ascii_tolower(token.at[i]);
	word[token.size] = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(directives); i++)
		if (word[1] == directives[i].word[1] && strcmp(word, directives[i].word) == 0)
			return directives[i].kind;
	for (size_t i = 1; i < G_N_ELEMENTS(sections); i++) {
		if (word[1] == sections[i].name[1] && strcmp(word, sections[i].name) == 0) {
			*out_section = (uint8_t)i;
			return STRAKE_SPEC_HEADER;
		}
	}
	return STRAKE_SPEC_TEXT;
}

StrakeSpecLineKind strake_spec_classify(const char *text, size_t size, uint8_t *out_section)
{
	const char *end = text + size;
	const char *at = text;
	StrakeSpecSpan token;

	*out_section = 0;
	if (size > 0 && text[0] > ' ' && text[0] != '%' && text[0] != '#')
		return STRAKE_SPEC_TEXT;
	token = strake_spec_token(&at, end);
	if (token.size == 0)
		return STRAKE_SPEC_BLANK;
	if (token.at[0] == '#')
		return STRAKE_SPEC_COMMENT;
	return token.at[0] == '%' ? classify_word(token, out_section) : STRAKE_SPEC_TEXT;
}

/* The blanks of "\s", which are fewer. */
static bool is_regex_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

bool strake_spec_tag(
	const char *text, size_t size, StrakeSpecSpan *out_name, StrakeSpecSpan *out_value)
{
	StrakeSpecSpan line;
	const char *p, *end, *colon;

	if (size == 0 || text[0] == '#')
		return false;
	line = strake_spec_trim(text, size);
	p = line.at;
	end = line.at + line.size;
	while (p < end && *p != ':' && !is_regex_blank(*p))
		p++;
	if (p == line.at || p == end || *p != ':')
		return false;
	colon = p++;
	while (p < end && is_regex_blank(*p))
		p++;
	while (end > p && is_regex_blank(end[-1]))
		end--;
	*out_name = (StrakeSpecSpan){line.at, (size_t)(colon - line.at)};
	*out_value = (StrakeSpecSpan){p, (size_t)(end - p)};
	return true;
}

void strake_spec_header(const char *text, size_t size, uint8_t section, StrakeSpecSection *out)
{
	const char *end = text + size;
	const char *at = text;
	StrakeSpecSpan suffix = {0};
	StrakeSpecSpan full = {0};
	StrakeSpecSpan token;

	out->name = strake_spec_token(&at, end);
	out->type = strake_spec_section_info(section)->type;
	out->package = (StrakeSpecSpan){0};
	if (out->type == STRAKE_SPEC_SECTION_LIST || out->type == STRAKE_SPEC_SECTION_CHANGELOG)
		return;
	while ((token = strake_spec_token(&at, end)).size > 0) {
		if (strake_spec_span_is(token, "--"))
			break;
		if (strake_spec_span_is(token, "-n")) {
			token = strake_spec_token(&at, end);
			if (token.size > 0)
				full = token;
		} else if (token.at[0] == '-') {
			if (token.size == 2 && strchr("fplP", token.at[1]) != NULL)
				(void)strake_spec_token(&at, end);
		} else if (suffix.size == 0) {
			suffix = token;
		}
	}
	out->package = full.size > 0 ? full : suffix;
}

static bool macro_from(const char *at, const char *end, StrakeSpecMacro *out)
{
	const char *p;

	out->directive = strake_spec_token(&at, end);
	at = skip_blanks(at, end);
	p = at;
	while (p < end && (g_ascii_isalnum(*p) || *p == '_'))
		p++;
	out->name = (StrakeSpecSpan){at, (size_t)(p - at)};
	out->options = (StrakeSpecSpan){p, 0};
	if (p < end && *p == '(') {
		const char *close = memchr(p, ')', (size_t)(end - p));
		if (close != NULL)
			out->options.size = (size_t)(close + 1 - p);
	}
	p = skip_blanks(p + out->options.size, end);
	while (end > p && is_regex_blank(end[-1]))
		end--;
	out->body = (StrakeSpecSpan){p, (size_t)(end - p)};
	return out->name.size > 0;
}

/* "%{!?name:%global name body}": what stands between the colon and the last brace. */
static bool macro_in_braces(const char *text, const char *end, StrakeSpecMacro *out)
{
	const char *colon = memchr(text, ':', (size_t)(end - text));
	const char *at;
	uint8_t section;

	while (end > text && is_regex_blank(end[-1]))
		end--;
	if (colon == NULL || end <= colon || end[-1] != '}' || (text[2] != '!' && text[2] != '?'))
		return false;
	at = skip_blanks(colon + 1, end);
	if (strake_spec_classify(at, (size_t)(end - at), &section) != STRAKE_SPEC_MACRO)
		return false;
	return macro_from(at, end - 1, out);
}

bool strake_spec_macro(const char *text, size_t size, StrakeSpecMacro *out)
{
	StrakeSpecSpan line = strake_spec_trim(text, size);
	uint8_t section;

	if (line.size > 3 && line.at[0] == '%' && line.at[1] == '{')
		return macro_in_braces(line.at, line.at + line.size, out);
	if (strake_spec_classify(line.at, line.size, &section) != STRAKE_SPEC_MACRO)
		return false;
	return macro_from(line.at, line.at + line.size, out);
}
