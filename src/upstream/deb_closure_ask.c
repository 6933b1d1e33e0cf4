// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Who answers to a name: the archive, the overlays, packages of our own, virtual packages.
#include <string.h>

#include "upstream/deb_closure_private.h"

void strake_deb_answer_clear(StrakeDebAnswer *answer)
{
	g_clear_pointer(&answer->package, strake_deb_package_free);
	g_clear_pointer(&answer->local, g_free);
	answer->present = false;
	answer->n_choices = 0;
}

// -- asking the index

static bool version_fits(const StrakeDebRelation *relation, const char *version)
{
	return relation->op == STRAKE_DEB_OP_NONE ||
	       strake_deb_version_satisfies(version, relation->op, relation->version);
}

// The newest package called @name that fits; the overlays' bounds are RPM's and not looked at.
static bool find_real(StrakeDebWalk *walk, const char *name, const StrakeDebRelation *relation,
	StrakeDebPackage **out, GError **error)
{
	g_autoptr(StrakeDebPackage) best = NULL;

	for (StrakeDebId id = strake_deb_index_find(walk->index, name); id != STRAKE_DEB_ID_NONE;
		id = strake_deb_index_next(walk->index, id)) {
		g_autoptr(StrakeDebPackage) package =
			strake_deb_index_package(walk->index, id, error);

		if (package == NULL)
			return false;
		if (relation != NULL && !version_fits(relation, package->version))
			continue;
		if (best == NULL ||
			strake_deb_version_compare(package->version, best->version) > 0) {
			strake_deb_package_free(best);
			best = g_steal_pointer(&package);
		}
	}
	*out = g_steal_pointer(&best);
	return true;
}

// Whether @package provides what @relation asks for; only versioned ones answer to versions.
static bool provides(const StrakeDebPackage *package, const StrakeDebRelation *relation)
{
	for (guint i = 0; i < package->provides->len; i++) {
		const StrakeDebRelationGroup *group = g_ptr_array_index(package->provides, i);
		const StrakeDebRelation *provided = g_ptr_array_index(group->alternatives, 0);

		if (strcmp(provided->name, relation->name) != 0)
			continue;
		if (relation->op == STRAKE_DEB_OP_NONE ||
			(provided->op == STRAKE_DEB_OP_EQ &&
				version_fits(relation, provided->version)))
			return true;
	}
	return false;
}

static const char *preferred(const StrakeDebWalk *walk, const char *virtual_name)
{
	const GPtrArray *prefer = walk->upstream->prefer;

	for (guint i = 0; prefer != NULL && i < prefer->len; i++) {
		const StrakeNameValue *pair = g_ptr_array_index(prefer, i);

		if (strcmp(pair->key, virtual_name) == 0)
			return pair->value;
	}
	return NULL;
}

static bool is_preferred(
	const StrakeDebWalk *walk, const StrakeDebPackage *package, const char *prefer)
{
	const char *new_name = strake_deb_names_new_name(walk->names, package->name);

	return prefer != NULL &&
	       (strcmp(prefer, package->name) == 0 || g_strcmp0(prefer, new_name) == 0);
}

static bool better_provider(const StrakeDebWalk *walk, const StrakeDebPackage *a,
	const StrakeDebPackage *b, const char *prefer)
{
	bool a_preferred = is_preferred(walk, a, prefer);
	bool b_preferred = is_preferred(walk, b, prefer);

	if (a_preferred != b_preferred)
		return a_preferred;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return strcmp(a->name, b->name) < 0;
}

// The provider to take; *@out_node instead when one is needed anyway. *@out_count: how many fit.
static bool find_provider(StrakeDebWalk *walk, const StrakeDebRelation *relation,
	const StrakeDebNode **out_node, StrakeDebPackage **out, guint *out_count, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(StrakeDebId));
	g_autoptr(StrakeDebPackage) best = NULL;
	const char *prefer = preferred(walk, relation->name);

	strake_deb_index_providers(walk->index, relation->name, ids);
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(StrakeDebPackage) package = strake_deb_index_package(
			walk->index, g_array_index(ids, StrakeDebId, i), error);
		const StrakeDebNode *node;

		if (package == NULL)
			return false;
		if (!provides(package, relation))
			continue;
		node = g_hash_table_lookup(walk->nodes, package->name);
		if (node != NULL && node->package != NULL && node->package->id == package->id) {
			*out_node = node;
			return true;
		}
		(*out_count)++;
		if (best == NULL || better_provider(walk, package, best, prefer)) {
			strake_deb_package_free(best);
			best = g_steal_pointer(&package);
		}
	}
	*out = g_steal_pointer(&best);
	return true;
}

// -- one relation

static void take_package(StrakeDebWalk *walk, StrakeDebPackage *package, StrakeDebAnswer *answer)
{
	if (g_hash_table_contains(walk->nodes, package->name)) {
		answer->present = true;
		strake_deb_package_free(package);
		return;
	}
	answer->package = package;
	answer->n_choices = 1;
}

static bool try_real(StrakeDebWalk *walk, const char *name, const StrakeDebRelation *relation,
	StrakeDebAnswer *answer, GError **error)
{
	StrakeDebPackage *package = NULL;

	if (!find_real(walk, name, relation, &package, error))
		return false;
	if (package != NULL)
		take_package(walk, package, answer);
	return true;
}

// Components that renames or overlays put behind a name; those that the archive lacks are of
// another suite.
static bool try_components(
	StrakeDebWalk *walk, const GPtrArray *components, StrakeDebAnswer *answer, GError **error)
{
	for (guint i = 0;
		components != NULL && i < components->len && !strake_deb_answer_found(answer); i++)
		if (!try_real(walk, g_ptr_array_index(components, i), NULL, answer, error))
			return false;
	return true;
}

static void take_local(StrakeDebWalk *walk, const char *name, StrakeDebAnswer *answer)
{
	answer->present = g_hash_table_contains(walk->nodes, name);
	answer->local = answer->present ? NULL : g_strdup(name);
	answer->n_choices = 1;
}

static void try_local(StrakeDebWalk *walk, const char *name, StrakeDebAnswer *answer)
{
	if (strake_deb_names_is_local(walk->names, name))
		take_local(walk, name, answer);
}

static bool try_virtual(StrakeDebWalk *walk, const StrakeDebRelation *relation,
	StrakeDebAnswer *answer, GError **error)
{
	const StrakeDebNode *node = NULL;
	StrakeDebPackage *package = NULL;
	guint count = 0;

	if (!find_provider(walk, relation, &node, &package, &count, error))
		return false;
	answer->present = node != NULL;
	if (package != NULL) {
		take_package(walk, package, answer);
		answer->n_choices = count;
	}
	return true;
}

bool strake_deb_ask(StrakeDebWalk *walk, const StrakeDebRelation *relation, bool new_names,
	StrakeDebAnswer *answer, GError **error)
{
	const char *name = relation->name;
	const char *new_name = strake_deb_names_new_name(walk->names, name);

	try_local(walk, name, answer);
	if (!strake_deb_answer_found(answer) && new_name != NULL)
		try_local(walk, new_name, answer); // rebuilt by us under the name it gets here
	if (!strake_deb_answer_found(answer) && new_names &&
		!try_components(walk, strake_deb_names_renamed(walk->names, name), answer, error))
		return false;
	if (!strake_deb_answer_found(answer) &&
		!try_real(walk, name, new_names ? NULL : relation, answer, error))
		return false;
	if (!strake_deb_answer_found(answer) &&
		!try_components(walk, strake_deb_names_provided(walk->names, name), answer, error))
		return false;
	if (!strake_deb_answer_found(answer) && !try_virtual(walk, relation, answer, error))
		return false;
	if (!strake_deb_answer_found(answer) && strake_deb_names_is_built(walk->names, name))
		take_local(walk, name, answer);
	return true;
}
