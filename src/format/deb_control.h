// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Control files: Packages, Release, DEBIAN/control. Stanzas are read one after the other and
// borrow their text, so that an index of 60 MB costs no copy. No meaning is given to fields here
// but to the relations between packages.
// Format: Debian policy 5.1 (syntax) and 7.1 (relations):
//
//     file    = *( stanza 1*blank )
//     stanza  = 1*( name ":" value LF *( (" " / TAB) value LF ) )
//     group   = relation *( "|" relation )                ; groups are joined by ","
//     relation= name [ ":" arch ] [ "(" op version ")" ] [ "[" *arch "]" ] *( "<" *profile ">" )
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "format/deb_version.h"

/** Borrowed text; not NUL-terminated. */
typedef struct {
	const char *data;
	size_t size;
} StrakeDebSlice;

/** One field; borrows from the text of its reader. */
typedef struct {
	StrakeDebSlice name;
	StrakeDebSlice value; // white space at both ends cut; continuation lines as they stand
	unsigned line;        // of the name, from 1
} StrakeDebField;

/** One stanza; reused by the reader: valid until the next call. */
typedef struct {
	const StrakeDebField *fields;
	size_t n_fields;
	StrakeDebSlice text; // all its lines
	const char *file;    // the reader's name
	unsigned line;       // of its first field
} StrakeDebStanza;

typedef struct StrakeDebControl StrakeDebControl;

/**
 * strake_deb_control_new: a reader over @text, which must outlive it; @name is for messages and
 * copied. Cannot fail. Free with strake_deb_control_free.
 */
StrakeDebControl *strake_deb_control_new(const char *text, size_t size, const char *name);
/** strake_deb_control_new_at: as above for text that begins at @line of its file. */
StrakeDebControl *strake_deb_control_new_at(
	const char *text, size_t size, const char *name, unsigned line);
void strake_deb_control_free(StrakeDebControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebControl, strake_deb_control_free)

/**
 * strake_deb_control_next: the next stanza in *@out, or NULL at the end.
 * Errors: INVALID with file and line (no colon, continuation without field, NUL, a field twice).
 */
bool strake_deb_control_next(StrakeDebControl *control, const StrakeDebStanza **out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_stanza_find: the field named @name in any case, or NULL. */
const StrakeDebField *strake_deb_stanza_find(const StrakeDebStanza *stanza, const char *name);
/** strake_deb_stanza_dup: its value, or NULL when missing; free with g_free. */
char *strake_deb_stanza_dup(const StrakeDebStanza *stanza, const char *name);
/** strake_deb_stanza_need: as dup, but missing or empty is INVALID with file and line. */
char *strake_deb_stanza_need(
	const StrakeDebStanza *stanza, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_deb_stanza_origin: where the field stands, or the stanza when it has no such field. */
StrakeOrigin strake_deb_stanza_origin(const StrakeDebStanza *stanza, const char *name);

/** strake_deb_slice_equal: byte for byte. */
bool strake_deb_slice_equal(StrakeDebSlice slice, const char *text);
/** strake_deb_slice_dup: free with g_free. */
char *strake_deb_slice_dup(StrakeDebSlice slice);

/** strake_deb_name_check: a package name (policy 5.6.1; "_" and capitals are let through as dpkg
 * does). Errors: INVALID. */
bool strake_deb_name_check(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- relations

typedef struct {
	char *name;
	char *arch_qualifier; // "any", "native", an architecture; NULL: none
	StrakeDebOp op;
	char *version;        // NULL with STRAKE_DEB_OP_NONE
	char **architectures; // of "[...]", "!" kept; NULL: none given
	char **profiles;      // the inside of each "<...>"; NULL: none given
} StrakeDebRelation;

/** Alternatives, the preferred first: satisfied when one of them is. */
typedef struct {
	GPtrArray *alternatives; // of StrakeDebRelation, at least one
} StrakeDebRelationGroup;

void strake_deb_relation_free(StrakeDebRelation *relation);
void strake_deb_relation_group_free(StrakeDebRelationGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebRelation, strake_deb_relation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebRelationGroup, strake_deb_relation_group_free)

/**
 * strake_deb_relations_parse: the value of Depends, Provides and their like.
 * @text: NUL-terminated; NULL and "" give no groups; a trailing comma is fine
 * @origin: of the value, for messages
 * @out: a new array of StrakeDebRelationGroup that frees its elements; written on success
 * Errors: INVALID with the place and the words around it.
 */
bool strake_deb_relations_parse(const char *text, StrakeOrigin origin, GPtrArray **out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_deb_relations_parse_n: as above over @size bytes. */
bool strake_deb_relations_parse_n(const char *text, size_t size, StrakeOrigin origin,
	GPtrArray **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_relation_group_text: its alternatives joined by " | "; free with g_free. */
char *strake_deb_relation_group_text(const StrakeDebRelationGroup *group);
/**
 * strake_deb_relation_applies: whether its architecture list lets it apply on @architecture and
 * its profiles with none active (binary packages have neither as a rule).
 */
bool strake_deb_relation_applies(const StrakeDebRelation *relation, const char *architecture);
