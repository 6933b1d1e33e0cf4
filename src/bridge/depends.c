// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debian relations as RPM dependencies. Format: docs/bridge.md, "Dependencies".
#include <string.h>

#include "base/error.h"
#include "bridge/conversion.h"
#include "bridge/version.h"

typedef struct {
	char *text; // "name" or "name >= 1-0"
	char *name;
	char *evr; // NULL: none
	uint32_t flags;
} Atom;

static void atom_clear(Atom *atom)
{
	g_free(atom->text);
	g_free(atom->name);
	g_free(atom->evr);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Atom, atom_clear)

static uint32_t op_flags(StrakeDebOp op)
{
	switch (op) {
	case STRAKE_DEB_OP_LT:
		return STRAKE_RPMSENSE_LESS;
	case STRAKE_DEB_OP_LE:
		return STRAKE_RPMSENSE_LESS | STRAKE_RPMSENSE_EQUAL;
	case STRAKE_DEB_OP_EQ:
		return STRAKE_RPMSENSE_EQUAL;
	case STRAKE_DEB_OP_GE:
		return STRAKE_RPMSENSE_GREATER | STRAKE_RPMSENSE_EQUAL;
	case STRAKE_DEB_OP_GT:
		return STRAKE_RPMSENSE_GREATER;
	default:
		return 0;
	}
}

static const char *op_text(StrakeDebOp op)
{
	switch (op) {
	case STRAKE_DEB_OP_LT:
		return "<";
	case STRAKE_DEB_OP_LE:
		return "<=";
	case STRAKE_DEB_OP_EQ:
		return "=";
	case STRAKE_DEB_OP_GE:
		return ">=";
	case STRAKE_DEB_OP_GT:
		return ">";
	default:
		return "";
	}
}

/*
 * One relation. A package's release ends in our own suffix, so that only >= and << hold for its
 * name as they do upstream; = <= >> and all versioned conflicts are put to "deb(name)", which
 * every bridged package provides with upstream's exact version.
 */
static bool make_atom(const StrakeConversion *c, const StrakeDebRelation *relation, bool exact,
	Atom *out, GError **error)
{
	const char *renamed = strake_bridge_renamed(c->bridge, relation->name);
	bool by_deb =
		relation->op != STRAKE_DEB_OP_NONE &&
		(exact || (relation->op != STRAKE_DEB_OP_GE && relation->op != STRAKE_DEB_OP_LT));
	g_auto(Atom) atom = {0};

	if (relation->op != STRAKE_DEB_OP_NONE) {
		atom.evr = strake_bridge_bound(relation->version, error);
		if (atom.evr == NULL)
			return false;
	}
	atom.name = by_deb ? g_strdup_printf("deb(%s)", relation->name) : g_strdup(renamed);
	atom.flags = op_flags(relation->op);
	atom.text = atom.evr != NULL ? g_strdup_printf("%s %s %s", atom.name, op_text(relation->op),
					       atom.evr)
				     : g_strdup(atom.name);
	*out = atom;
	memset(&atom, 0, sizeof(atom));
	return true;
}

static bool is_dropped(
	StrakeConversion *c, StrakeRpmDepKind kind, const StrakeDebRelation *relation)
{
	const char *renamed = strake_bridge_renamed(c->bridge, relation->name);

	bool drops = strake_conversion_drops_dep(c, kind, relation->name);

	if (strcmp(renamed, relation->name) != 0)
		drops = strake_conversion_drops_dep(c, kind, renamed) || drops;
	return drops;
}

static bool add_alternatives(
	StrakeConversion *c, StrakeRpmDepKind kind, const GPtrArray *kept, GError **error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_auto(Atom) last = {0};
	g_autofree char *inner = NULL;
	g_autofree char *rich = NULL;

	for (guint i = 0; i < kept->len; i++) {
		atom_clear(&last);
		memset(&last, 0, sizeof(last));
		if (!make_atom(c, kept->pdata[i], false, &last, error))
			return false;
		if (!g_ptr_array_find_with_equal_func(texts, last.text, g_str_equal, NULL))
			g_ptr_array_add(texts, g_strdup(last.text));
	}
	if (texts->len == 1) {
		strake_rpm_package_add_dep(c->rpm, kind, last.name, last.evr, last.flags);
		return true;
	}
	g_ptr_array_add(texts, NULL);
	inner = g_strjoinv(" or ", (char **)texts->pdata);
	rich = g_strdup_printf("(%s)", inner);
	strake_rpm_package_add_dep(c->rpm, kind, rich, NULL, 0);
	return true;
}

/* Alternatives: when the preferred one is dropped the wish is void, else only that one is. */
static bool add_group(StrakeConversion *c, StrakeRpmDepKind kind,
	const StrakeDebRelationGroup *group, GError **error)
{
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	const char *architecture = strake_deb_file_architecture(c->deb);
	bool void_wish = false, first = true;

	for (guint i = 0; i < group->alternatives->len; i++) {
		StrakeDebRelation *relation = group->alternatives->pdata[i];

		if (!strake_deb_relation_applies(relation, architecture))
			continue;
		// all are asked, so that every overlay that is about one of them knows it
		if (!is_dropped(c, kind, relation))
			g_ptr_array_add(kept, relation);
		else if (first)
			void_wish = true;
		first = false;
	}
	if (void_wish) {
		g_autofree char *text = strake_deb_relation_group_text(group);
		strake_conversion_note(c, "depends", "dropped by overlay: %s", text);
		return true;
	}
	return kept->len == 0 || add_alternatives(c, kind, kept, error);
}

static bool parse_field(
	const StrakeConversion *c, const char *field, GPtrArray **out, GError **error)
{
	const StrakeDebStanza *control = strake_deb_file_control(c->deb);
	g_autofree char *text = strake_deb_stanza_dup(control, field);

	return strake_deb_relations_parse(
		text, strake_deb_stanza_origin(control, field), out, error);
}

static bool add_field(StrakeConversion *c, const char *field, StrakeRpmDepKind kind, GError **error)
{
	g_autoptr(GPtrArray) groups = NULL;

	if (!parse_field(c, field, &groups, error))
		return false;
	for (guint i = 0; i < groups->len; i++)
		if (!add_group(c, kind, groups->pdata[i], error))
			return false;
	return true;
}

/* Breaks and Conflicts. A bare Conflicts names whoever provides it, as upstream. */
static bool add_conflicts(StrakeConversion *c, const char *field, GError **error)
{
	g_autoptr(GPtrArray) groups = NULL;

	if (!parse_field(c, field, &groups, error))
		return false;
	for (guint i = 0; i < groups->len; i++) {
		const StrakeDebRelationGroup *group = groups->pdata[i];
		const StrakeDebRelation *relation = group->alternatives->pdata[0];
		g_auto(Atom) atom = {0};

		if (!strake_deb_relation_applies(relation, strake_deb_file_architecture(c->deb)) ||
			is_dropped(c, STRAKE_RPM_CONFLICTS, relation))
			continue;
		if (!make_atom(c, relation, true, &atom, error))
			return false;
		if (strcmp(atom.name, c->name) == 0)
			continue; // a package may not conflict with its own new name
		strake_rpm_package_add_dep(
			c->rpm, STRAKE_RPM_CONFLICTS, atom.name, atom.evr, atom.flags);
	}
	return true;
}

static void add_provide(
	StrakeConversion *c, const char *name, const char *evr, bool drop_by_overlay)
{
	if (drop_by_overlay && strake_conversion_drops_dep(c, STRAKE_RPM_PROVIDES, name))
		return;
	strake_rpm_package_add_dep(
		c->rpm, STRAKE_RPM_PROVIDES, name, evr, evr != NULL ? STRAKE_RPMSENSE_EQUAL : 0);
}

static bool add_provides(StrakeConversion *c, GError **error)
{
	g_autoptr(GPtrArray) groups = NULL;

	if (!parse_field(c, "Provides", &groups, error))
		return false;
	for (guint i = 0; i < groups->len; i++) {
		const StrakeDebRelationGroup *group = groups->pdata[i];
		const StrakeDebRelation *relation = group->alternatives->pdata[0];
		const char *renamed = strake_bridge_renamed(c->bridge, relation->name);
		g_autofree char *evr = NULL;
		g_autofree char *deb = g_strdup_printf("deb(%s)", relation->name);

		if (relation->op != STRAKE_DEB_OP_NONE) {
			evr = strake_bridge_bound(relation->version, error);
			if (evr == NULL)
				return false;
			add_provide(c, deb, evr, false);
		}
		add_provide(c, relation->name, evr, true);
		if (strcmp(renamed, relation->name) != 0 && strcmp(renamed, c->name) != 0)
			add_provide(c, renamed, evr, true);
	}
	return true;
}

static bool add_own_provides(StrakeConversion *c, GError **error)
{
	g_autofree char *evr = strake_rpm_package_evr(c->rpm);
	g_autofree char *bound = strake_bridge_bound(strake_deb_file_version(c->deb), error);
	g_autofree char *deb = g_strdup_printf("deb(%s)", c->deb_name);

	if (bound == NULL)
		return false;
	add_provide(c, deb, bound, false);
	if (strcmp(c->deb_name, c->name) != 0)
		add_provide(c, c->deb_name, evr, true);
	return true;
}

static const StrakeDebRelation *find_relation(const GPtrArray *groups, const char *name)
{
	for (guint i = 0; i < groups->len; i++) {
		const StrakeDebRelationGroup *group = groups->pdata[i];
		const StrakeDebRelation *relation = group->alternatives->pdata[0];

		if (strcmp(relation->name, name) == 0)
			return relation;
	}
	return NULL;
}

static bool is_upper_bound(const StrakeDebRelation *relation)
{
	return relation != NULL &&
	       (relation->op == STRAKE_DEB_OP_LT || relation->op == STRAKE_DEB_OP_LE);
}

/*
 * Replaces alone moves files, which RPM needs no word for. Together with Provides and Breaks or
 * Conflicts of the same name it is a rename: Obsoletes, but only below a version, because an
 * unbounded one would remove every package of a shared virtual name.
 */
static bool add_obsoletes(StrakeConversion *c, GError **error)
{
	g_autoptr(GPtrArray) replaces = NULL, breaks = NULL, conflicts = NULL, provides = NULL;

	if (!parse_field(c, "Replaces", &replaces, error) ||
		!parse_field(c, "Breaks", &breaks, error) ||
		!parse_field(c, "Conflicts", &conflicts, error) ||
		!parse_field(c, "Provides", &provides, error))
		return false;
	for (guint i = 0; i < replaces->len; i++) {
		const StrakeDebRelationGroup *group = replaces->pdata[i];
		const StrakeDebRelation *replaced = group->alternatives->pdata[0];
		const StrakeDebRelation *broken = find_relation(breaks, replaced->name);
		const StrakeDebRelation *bound = replaced;
		g_autofree char *evr = NULL;
		const char *name = strake_bridge_renamed(c->bridge, replaced->name);

		if (broken == NULL)
			broken = find_relation(conflicts, replaced->name);
		if (broken == NULL || find_relation(provides, replaced->name) == NULL ||
			strcmp(name, c->name) == 0 ||
			strake_conversion_drops_dep(c, STRAKE_RPM_OBSOLETES, replaced->name))
			continue;
		if (!is_upper_bound(bound))
			bound = broken;
		if (!is_upper_bound(bound))
			continue;
		evr = strake_bridge_bound(bound->version, error);
		if (evr == NULL)
			return false;
		if (bound->op == STRAKE_DEB_OP_LE) { // also every build of that version by us
			char *above = g_strconcat(evr, "^~bs", NULL);
			g_free(evr);
			evr = above;
		}
		strake_rpm_package_add_dep(
			c->rpm, STRAKE_RPM_OBSOLETES, name, evr, STRAKE_RPMSENSE_LESS);
	}
	return true;
}

/* What the ELF files need and offer. A package's own libraries satisfy it without a word. */
static void add_elf(StrakeConversion *c)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, c->dep_names);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, key);
	for (guint i = 0; i < keys->len; i++) {
		const char *text = keys->pdata[i];
		bool provide = text[0] == 'P';
		StrakeRpmDepKind kind = provide ? STRAKE_RPM_PROVIDES : STRAKE_RPM_REQUIRES;

		if (!strake_conversion_drops_dep(c, kind, text + 1))
			strake_rpm_package_add_dep(c->rpm, kind, text + 1, NULL,
				provide ? STRAKE_RPMSENSE_FIND_PROVIDES
					: STRAKE_RPMSENSE_FIND_REQUIRES);
	}
}

bool strake_conversion_depends(StrakeConversion *c, GError **error)
{
	static const struct {
		const char *field;
		StrakeRpmDepKind kind;
	} fields[] = {
		{"Pre-Depends", STRAKE_RPM_REQUIRES},
		{"Depends", STRAKE_RPM_REQUIRES},
		{"Recommends", STRAKE_RPM_RECOMMENDS},
		{"Suggests", STRAKE_RPM_SUGGESTS},
		{"Enhances", STRAKE_RPM_ENHANCES},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		if (!add_field(c, fields[i].field, fields[i].kind, error))
			return false;
	add_elf(c);
	strake_conversion_pkgconfig(c);
	return add_own_provides(c, error) && add_provides(c, error) &&
	       add_conflicts(c, "Breaks", error) && add_conflicts(c, "Conflicts", error) &&
	       add_obsoletes(c, error);
}
