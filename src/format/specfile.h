// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// RPM spec files as text that can be edited without losing a byte.
//
// A spec is a list of physical lines over the original buffer. What a line is (header, directive,
// comment) follows from its own text; which section it is in follows from the headers above it:
//
//   spec      = preamble *section
//   section   = header-line *line
//   header    = [blanks] "%name" [arguments]     name: strake_spec_sections; never with "#" in
//                                                column 0; case is ignored but kept
//   tag       = [blanks] name ":" value          in the preamble and %package only
//   opener    = "%if" "%ifarch" "%ifnarch" "%ifos" "%ifnos"        closer = "%endif"
//   branch    = "%else" "%elif" "%elifarch" "%elifnarch" "%elifos" "%elifnos"
//   macro     = "%define" "%global" "%undefine" "%bcond" "%bcond_with" "%bcond_without"
//
// Macros are never expanded. A macro definition that goes on after a backslash, and a "%{", "%("
// or "%[" that is closed on a later line, make one logical line of several physical ones: all but
// the first are marked as continued. azldev knows no continued lines: whoever wants its view
// ignores the mark.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StrakeSpec StrakeSpec;

typedef enum {
	STRAKE_SPEC_TEXT,
	STRAKE_SPEC_BLANK,
	STRAKE_SPEC_COMMENT, // first character after blanks is "#"
	STRAKE_SPEC_HEADER,
	STRAKE_SPEC_IF,
	STRAKE_SPEC_BRANCH,
	STRAKE_SPEC_ENDIF,
	STRAKE_SPEC_MACRO,
} StrakeSpecLineKind;

typedef enum {
	STRAKE_SPEC_EOL_NONE, // the last line only
	STRAKE_SPEC_EOL_LF,
	STRAKE_SPEC_EOL_CRLF,
} StrakeSpecEol;

typedef struct {
	const char *text;      // owned by the spec; any bytes but newline; not NUL-terminated
	uint32_t size;         // without the line end
	uint8_t kind;          // StrakeSpecLineKind
	uint8_t eol;           // StrakeSpecEol
	uint8_t section;       // STRAKE_SPEC_HEADER: index of strake_spec_section_info, from 1
	uint8_t continued : 1; // part of the logical line above
} StrakeSpecLine;

/** Text inside a line; borrowed, not NUL-terminated. */
typedef struct {
	const char *at;
	size_t size;
} StrakeSpecSpan;

static inline char *strake_spec_span_dup(StrakeSpecSpan span)
{
	return g_strndup(span.at, span.size);
}
/** strake_spec_span_is: byte for byte. strake_spec_span_is_nocase: ASCII letters alike. */
bool strake_spec_span_is(StrakeSpecSpan span, const char *text);
bool strake_spec_span_is_nocase(StrakeSpecSpan span, const char *text);

// -- whole specs

/**
 * strake_spec_parse: never fails for what the text says; printing gives the same bytes.
 * @bytes: kept by reference
 * Errors: LIMIT for a line of 4 GiB or more.
 */
StrakeSpec *strake_spec_parse(GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_spec_free(StrakeSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSpec, strake_spec_free)
GBytes *strake_spec_print(const StrakeSpec *spec);
/** strake_spec_copy: shares the text, so it costs one copy of the line list. */
StrakeSpec *strake_spec_copy(const StrakeSpec *spec);

size_t strake_spec_n_lines(const StrakeSpec *spec);
/** strake_spec_lines: all lines, valid until the next edit. */
const StrakeSpecLine *strake_spec_lines(const StrakeSpec *spec);

// -- single lines

/** A line's text taken apart the way azldev does: as if @text were one line, even with newlines. */
StrakeSpecLineKind strake_spec_classify(const char *text, size_t size, uint8_t *out_section);
/** strake_spec_token: the next word at *@at (blanks as Unicode sees them), size 0 at the end. */
StrakeSpecSpan strake_spec_token(const char **at, const char *end);
/** strake_spec_trim: without blanks (as Unicode sees them) around it. */
StrakeSpecSpan strake_spec_trim(const char *text, size_t size);

/**
 * strake_spec_tag: takes a tag line apart; false when @text is none.
 * @out_value: without blanks around it; an empty value points to where it would begin
 * Only meaningful in the preamble and in %package sections.
 */
bool strake_spec_tag(
	const char *text, size_t size, StrakeSpecSpan *out_name, StrakeSpecSpan *out_value);

/** A macro definition on a STRAKE_SPEC_MACRO line, or inside "%{!?NAME: %global NAME ...}". */
typedef struct {
	StrakeSpecSpan directive; // "%global"
	StrakeSpecSpan name;
	StrakeSpecSpan options; // with its parentheses, size 0: none
	StrakeSpecSpan body;    // of the first physical line; "\" at its end belongs to it
} StrakeSpecMacro;
bool strake_spec_macro(const char *text, size_t size, StrakeSpecMacro *out);

// -- sections

typedef enum {
	STRAKE_SPEC_SECTION_PACKAGE, // preamble, %package: holds tags
	STRAKE_SPEC_SECTION_SCRIPT,
	STRAKE_SPEC_SECTION_RAW,
	STRAKE_SPEC_SECTION_FILES,
	STRAKE_SPEC_SECTION_CHANGELOG,
	STRAKE_SPEC_SECTION_LIST, // %patchlist, %sourcelist
} StrakeSpecSectionType;

typedef struct {
	const char *name; // "%package", lower case
	StrakeSpecSectionType type;
} StrakeSpecSectionInfo;
/** strake_spec_section_info: of a header line's @section. */
const StrakeSpecSectionInfo *strake_spec_section_info(uint8_t section);

typedef struct {
	StrakeSpecSpan name;    // as spelled: "%package"; size 0: preamble
	StrakeSpecSpan package; // literal argument: "-n X" is "X", "devel" is "devel"; size 0: main
	StrakeSpecSectionType type;
	size_t start; // line of the header; 0 for the preamble
	size_t body;  // first line after the header's
	size_t end;   // line of the next header, or the number of lines
} StrakeSpecSection;

/** strake_spec_header: name, package and type of a header line. */
void strake_spec_header(const char *text, size_t size, uint8_t section, StrakeSpecSection *out);

/**
 * strake_spec_sections: all, in order, the preamble first. @structural: header-looking lines in
 * continued macro bodies are none. Array of StrakeSpecSection; free with g_array_unref.
 */
GArray *strake_spec_sections(const StrakeSpec *spec, bool structural);

typedef struct {
	size_t line;
	size_t section; // index in the list of sections
	StrakeSpecSpan name;
	StrakeSpecSpan value;
} StrakeSpecTag;

/** strake_spec_tags: all tag lines of @sections (from strake_spec_sections with the same
 * @structural), in order. Array of StrakeSpecTag; free with g_array_unref. */
GArray *strake_spec_tags(const StrakeSpec *spec, const GArray *sections, bool structural);

// -- conditionals

typedef struct {
	size_t open;      // line of the opener
	size_t close;     // line of "%endif"
	gssize parent;    // index of the conditional around it, -1: none
	GArray *branches; // of size_t, lines of %else and %elif...; NULL: none
} StrakeSpecConditional;

/**
 * strake_spec_conditionals: all closed ones in order of their opener. @structural as above.
 * @out_unpaired: first line of an opener or closer without its partner, -1: none; may be NULL
 * Array of StrakeSpecConditional; free with g_array_unref.
 */
GArray *strake_spec_conditionals(const StrakeSpec *spec, bool structural, gssize *out_unpaired);

// -- edits

/** Replaces @n_remove lines from @at by those of @text, which "\n" separates. */
typedef struct {
	size_t at;
	size_t n_remove;
	const char *text; // copied; NULL: only remove
	size_t size;
} StrakeSpecEdit;

/**
 * strake_spec_edit: all of @edits at once; @at in rising order and not overlapping. New lines end
 * like the line they follow; a missing final line end stays missing.
 */
void strake_spec_edit(StrakeSpec *spec, const StrakeSpecEdit *edits, size_t n_edits);

/** strake_spec_normalise: every line loses one "\r" at its end and ends with "\n": what reading and
 * writing by azldev does, each time. */
void strake_spec_normalise(StrakeSpec *spec);
