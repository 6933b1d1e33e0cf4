// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Relations between packages: the parser and the way back to text.
#include <string.h>

#include "format/deb_control.h"

typedef struct {
	const char *start;
	const char *at;
	const char *end;
	StrakeOrigin origin;
} Reader;

// Archives have a few hundred at most; hostile input must not grow without bound.
enum { GROUPS_MAX = 20000, LIST_MAX = 64 };

void strake_deb_relation_free(StrakeDebRelation *relation)
{
	if (relation == NULL)
		return;
	g_free(relation->name);
	g_free(relation->arch_qualifier);
	g_free(relation->version);
	g_strfreev(relation->architectures);
	g_strfreev(relation->profiles);
	g_free(relation);
}

void strake_deb_relation_group_free(StrakeDebRelationGroup *group)
{
	if (group == NULL)
		return;
	g_ptr_array_unref(group->alternatives);
	g_free(group);
}

static void skip_blank(Reader *r)
{
	while (r->at < r->end && g_ascii_isspace(*r->at))
		r->at++;
}

static bool peek(const Reader *r, char c)
{
	return r->at < r->end && *r->at == c;
}

static bool accept(Reader *r, char c)
{
	if (!peek(r, c))
		return false;
	r->at++;
	return true;
}

static bool broken(const Reader *r, const char *expected, GError **error)
{
	enum { SHOWN = 40 };
	StrakeOrigin at = r->origin;
	const char *from = r->at - r->start > SHOWN / 2 ? r->at - SHOWN / 2 : r->start;
	size_t size = MIN((size_t)(r->end - from), SHOWN);
	g_autofree char *raw = g_strndup(from, size);
	g_autofree char *shown = g_utf8_make_valid(g_strdelimit(raw, "\r\n\t", ' '), -1);

	for (const char *p = r->start; at.line > 0 && p < r->at; p++)
		at.line += *p == '\n';
	if (r->at == r->end)
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"relation ends where %s is expected, after '%s'", expected, shown);
	return strake_error_at(error, STRAKE_ERROR_INVALID, at,
		"found '%c' where %s is expected, near '%s'",
		g_ascii_isprint(*r->at) ? *r->at : '?', expected, shown);
}

// Characters up to one of @stop, blank or the end; NULL when there is none.
static char *take_word(Reader *r, const char *extra)
{
	const char *from = r->at;

	while (r->at < r->end &&
		(g_ascii_isalnum(*r->at) || (*r->at != '\0' && strchr(extra, *r->at) != NULL)))
		r->at++;
	return r->at > from ? g_strndup(from, (size_t)(r->at - from)) : NULL;
}

static StrakeDebOp take_op(Reader *r)
{
	static const struct {
		const char *text;
		StrakeDebOp op;
	} ops[] = {
		{"<<", STRAKE_DEB_OP_LT},
		{"<=", STRAKE_DEB_OP_LE},
		{">=", STRAKE_DEB_OP_GE},
		{">>", STRAKE_DEB_OP_GT},
		{"=", STRAKE_DEB_OP_EQ},
		{"<", STRAKE_DEB_OP_LE}, // the old forms, as dpkg reads them
		{">", STRAKE_DEB_OP_GE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(ops); i++) {
		size_t size = strlen(ops[i].text);

		if ((size_t)(r->end - r->at) < size || memcmp(r->at, ops[i].text, size) != 0)
			continue;
		r->at += size;
		return ops[i].op;
	}
	return STRAKE_DEB_OP_NONE;
}

static bool take_bound(Reader *r, StrakeDebRelation *relation, GError **error)
{
	if (!accept(r, '('))
		return true;
	skip_blank(r);
	relation->op = take_op(r);
	if (relation->op == STRAKE_DEB_OP_NONE)
		return broken(r, "one of << <= = >= >>", error);
	skip_blank(r);
	relation->version = take_word(r, ".+-~:");
	if (relation->version == NULL)
		return broken(r, "a version", error);
	if (!strake_deb_version_check(relation->version, error)) {
		g_prefix_error(error, "relation on '%s': ", relation->name);
		return false;
	}
	skip_blank(r);
	if (!accept(r, ')'))
		return broken(r, "')'", error);
	skip_blank(r);
	return true;
}

static bool take_architectures(Reader *r, StrakeDebRelation *relation, GError **error)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	int count = 0;

	if (!accept(r, '['))
		return true;
	for (skip_blank(r); !accept(r, ']'); skip_blank(r)) {
		g_autofree char *word = take_word(r, "!-_");

		if (word == NULL || ++count > LIST_MAX)
			return broken(r, "an architecture or ']'", error);
		g_strv_builder_add(builder, word);
	}
	if (count == 0)
		return broken(r, "an architecture before ']'", error);
	relation->architectures = g_strv_builder_end(builder);
	skip_blank(r);
	return true;
}

static bool take_profiles(Reader *r, StrakeDebRelation *relation, GError **error)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	int count = 0;

	while (accept(r, '<')) {
		const char *from = r->at;
		g_autofree char *inside = NULL;

		while (r->at < r->end &&
			(g_ascii_isalnum(*r->at) || g_ascii_isspace(*r->at) ||
				strchr("!-_.+", *r->at) != NULL) &&
			*r->at != '\0')
			r->at++;
		inside = g_strstrip(g_strndup(from, (size_t)(r->at - from)));
		if (*inside == '\0' || ++count > LIST_MAX)
			return broken(r, "a build profile", error);
		if (!accept(r, '>'))
			return broken(r, "a build profile or '>'", error);
		g_strv_builder_add(builder, inside);
		skip_blank(r);
	}
	if (count > 0)
		relation->profiles = g_strv_builder_end(builder);
	return true;
}

static StrakeDebRelation *take_relation(Reader *r, GError **error)
{
	g_autoptr(StrakeDebRelation) relation = g_new0(StrakeDebRelation, 1);

	relation->name = take_word(r, "+-._");
	if (relation->name == NULL || !g_ascii_isalnum(*relation->name)) {
		broken(r, "a package name", error);
		return NULL;
	}
	if (accept(r, ':')) {
		relation->arch_qualifier = take_word(r, "-_");
		if (relation->arch_qualifier == NULL) {
			broken(r, "an architecture after ':'", error);
			return NULL;
		}
	}
	skip_blank(r);
	if (!take_bound(r, relation, error) || !take_architectures(r, relation, error) ||
		!take_profiles(r, relation, error))
		return NULL;
	return g_steal_pointer(&relation);
}

static StrakeDebRelationGroup *take_group(Reader *r, GError **error)
{
	g_autoptr(StrakeDebRelationGroup) group = g_new0(StrakeDebRelationGroup, 1);

	group->alternatives =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_relation_free);
	do {
		StrakeDebRelation *relation;

		skip_blank(r);
		if (group->alternatives->len == GROUPS_MAX) {
			broken(r, "at most 20000 alternatives", error);
			return NULL;
		}
		relation = take_relation(r, error);
		if (relation == NULL)
			return NULL;
		g_ptr_array_add(group->alternatives, relation);
	} while (accept(r, '|'));
	return g_steal_pointer(&group);
}

bool strake_deb_relations_parse_n(
	const char *text, size_t size, StrakeOrigin origin, GPtrArray **out, GError **error)
{
	g_autoptr(GPtrArray) groups =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_relation_group_free);
	Reader r = {.start = text, .at = text, .end = text + size, .origin = origin};

	for (skip_blank(&r); r.at < r.end; skip_blank(&r)) {
		StrakeDebRelationGroup *group;

		if (groups->len == GROUPS_MAX)
			return broken(&r, "at most 20000 relations", error);
		group = take_group(&r, error);
		if (group == NULL)
			return false;
		g_ptr_array_add(groups, group);
		if (r.at < r.end && !accept(&r, ','))
			return broken(&r, "',' or '|'", error);
	}
	*out = g_steal_pointer(&groups);
	return true;
}

bool strake_deb_relations_parse(
	const char *text, StrakeOrigin origin, GPtrArray **out, GError **error)
{
	if (text == NULL)
		text = "";
	return strake_deb_relations_parse_n(text, strlen(text), origin, out, error);
}

static void append_list(GString *out, char **words, const char *open, const char *close)
{
	g_autofree char *joined = words != NULL ? g_strjoinv(" ", words) : NULL;

	if (joined != NULL)
		g_string_append_printf(out, " %s%s%s", open, joined, close);
}

// "name:any (>= 1) [amd64] <!nocheck>"; free with g_free.
static char *relation_text(const StrakeDebRelation *relation)
{
	GString *out = g_string_new(relation->name);

	if (relation->arch_qualifier != NULL)
		g_string_append_printf(out, ":%s", relation->arch_qualifier);
	if (relation->op != STRAKE_DEB_OP_NONE)
		g_string_append_printf(
			out, " (%s %s)", strake_deb_op_text(relation->op), relation->version);
	append_list(out, relation->architectures, "[", "]");
	for (char **p = relation->profiles; p != NULL && *p != NULL; p++)
		g_string_append_printf(out, " <%s>", *p);
	return g_string_free(out, FALSE);
}

char *strake_deb_relation_group_text(const StrakeDebRelationGroup *group)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < group->alternatives->len; i++) {
		g_autofree char *text = relation_text(g_ptr_array_index(group->alternatives, i));

		g_string_append_printf(out, "%s%s", i > 0 ? " | " : "", text);
	}
	return g_string_free(out, FALSE);
}

static bool names_architecture(const char *pattern, const char *architecture)
{
	return strcmp(pattern, architecture) == 0 || strcmp(pattern, "any") == 0 ||
	       strcmp(pattern, "linux-any") == 0 ||
	       (g_str_has_prefix(pattern, "any-") && strcmp(pattern + 4, architecture) == 0);
}

static bool architecture_applies(char **list, const char *architecture)
{
	bool only_negative = true;

	for (char **p = list; *p != NULL; p++) {
		bool negative = **p == '!';

		only_negative = only_negative && negative;
		if (names_architecture(*p + negative, architecture))
			return !negative;
	}
	return only_negative;
}

// With no active profile a list holds when all of its terms are negated; one list is enough.
static bool profiles_apply(char **profiles)
{
	for (char **p = profiles; *p != NULL; p++) {
		g_auto(GStrv) terms = g_strsplit_set(*p, " \t\n", -1);
		bool holds = true;

		for (char **term = terms; *term != NULL; term++)
			holds = holds && (**term == '!' || **term == '\0');
		if (holds)
			return true;
	}
	return false;
}

bool strake_deb_relation_applies(const StrakeDebRelation *relation, const char *architecture)
{
	if (relation->architectures != NULL &&
		!architecture_applies(relation->architectures, architecture))
		return false;
	return relation->profiles == NULL || profiles_apply(relation->profiles);
}
