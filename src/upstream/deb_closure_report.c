// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Names that cannot be had, in words: who needs them, over which packages, what to do.
#include <string.h>

#include "base/error.h"
#include "upstream/deb_closure_private.h"

enum { PROBLEMS_MAX = 10, CHAIN_MAX = 12 };

static char *chain_of(const StrakeDebNeed *need)
{
	GString *out = g_string_new(NULL);
	int length = 0;
	const char *why = need->why;

	for (const StrakeDebNode *node = need->from; node != NULL; node = node->parent) {
		if (++length <= CHAIN_MAX) {
			g_string_prepend(out, node->name);
			g_string_prepend(out, " -> ");
		}
		why = node->why;
	}
	g_string_prepend(out, why != NULL ? why : "?");
	return g_string_free(out, FALSE);
}

// Versions of the name that the archive does have, or the nearest name.
static void describe_near(StrakeDebWalk *walk, const StrakeDebRelation *relation, GString *out)
{
	StrakeDebId id = strake_deb_index_find(walk->index, relation->name);
	StrakeDebSlice near;

	if (id != STRAKE_DEB_ID_NONE) {
		g_autoptr(StrakeDebPackage) package =
			strake_deb_index_package(walk->index, id, NULL);

		if (package != NULL)
			g_string_append_printf(out, "; it has version %s of it", package->version);
		return;
	}
	near = strake_deb_index_nearest(walk->index, relation->name);
	if (near.data != NULL)
		g_string_append_printf(
			out, "; the nearest name is '%.*s'", (int)near.size, near.data);
}

void strake_deb_report(StrakeDebWalk *walk, const StrakeDebNeed *need)
{
	g_autofree char *wanted = strake_deb_relation_group_text(need->group);
	g_autofree char *chain = chain_of(need);
	const StrakeDebRelation *first = g_ptr_array_index(need->group->alternatives, 0);

	if (!g_hash_table_add(walk->reported, g_strdup(wanted)) ||
		++walk->n_problems > PROBLEMS_MAX)
		return;
	if (need->from == NULL)
		g_string_append_printf(walk->problems,
			"%s wants '%s', which is no package of upstream '%s', no new name of one "
			"and none of our own",
			need->why, wanted, walk->upstream->name);
	else
		g_string_append_printf(walk->problems,
			"package '%s' needs '%s', which upstream '%s' does not have",
			need->from->name, wanted, walk->upstream->name);
	describe_near(walk, first, walk->problems);
	if (need->from != NULL)
		g_string_append_printf(walk->problems,
			"\n  wanted by: %s\n  to go on, give component '%s' a "
			"package-remove-dependency overlay with value = \"%s\", or rename or "
			"provide the package that took its place",
			chain, need->from->name, first->name);
	g_string_append_c(walk->problems, '\n');
}

bool strake_deb_report_error(const StrakeDebWalk *walk, GError **error)
{
	g_autofree char *text = NULL;

	if (walk->n_problems == 0)
		return true;
	text = g_strchomp(g_strdup(walk->problems->str));
	if (walk->n_problems > PROBLEMS_MAX)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s\n... and %u more", text,
			walk->n_problems - PROBLEMS_MAX);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s", text);
}
