// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A breadth-first walk. Choices between several packages wait until nothing certain is left, so
// that they see what is needed anyway.
#include <string.h>

#include "base/glob.h"
#include "upstream/deb_closure_private.h"

void strake_deb_root_free(StrakeDebRoot *root)
{
	if (root == NULL)
		return;
	g_free(root->name);
	g_free(root->why);
	g_free(root);
}

static void node_free(gpointer data)
{
	StrakeDebNode *node = data;

	strake_deb_package_free(node->package);
	g_free(node->name);
	g_free(node->why);
	g_free(node);
}

static void need_free(gpointer data)
{
	StrakeDebNeed *need = data;

	strake_deb_relation_group_free(need->group);
	g_free(need);
}

// -- overlays

static const StrakeGlob *glob_of(StrakeDebWalk *walk, const char *pattern, GError **error)
{
	StrakeGlob *glob = g_hash_table_lookup(walk->globs, pattern);

	if (glob != NULL)
		return glob;
	glob = strake_glob_new(pattern, error);
	if (glob != NULL)
		g_hash_table_insert(walk->globs, g_strdup(pattern), glob);
	return glob;
}

// Whether the overlays of @component take the relation on @name away, by its old or new name.
static bool is_removed(StrakeDebWalk *walk, const StrakeComponent *component, const char *name,
	bool *out_removed, GError **error)
{
	const char *new_name = strake_deb_names_new_name(walk->names, name);

	*out_removed = false;
	for (guint i = 0; i < component->overlays->len && !*out_removed; i++) {
		const StrakeOverlay *overlay = g_ptr_array_index(component->overlays, i);
		const StrakeGlob *glob;

		if (overlay->type != STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY ||
			(overlay->kind != NULL && strcmp(overlay->kind, "requires") != 0))
			continue;
		glob = glob_of(walk, overlay->value, error);
		if (glob == NULL)
			return false;
		*out_removed = strake_glob_match(glob, name) ||
			       (new_name != NULL && strake_glob_match(glob, new_name));
	}
	return true;
}

static void push(StrakeDebWalk *walk, const StrakeDebNode *from, const char *why,
	StrakeDebRelationGroup *group, bool new_names)
{
	StrakeDebNeed *need = g_new0(StrakeDebNeed, 1);

	need->from = from;
	need->why = why;
	need->group = group;
	need->new_names = new_names;
	g_queue_push_tail(&walk->certain, need);
}

static StrakeDebRelationGroup *group_of_name(const char *name)
{
	StrakeDebRelationGroup *group = g_new0(StrakeDebRelationGroup, 1);
	StrakeDebRelation *relation = g_new0(StrakeDebRelation, 1);

	relation->name = g_strdup(name);
	group->alternatives =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_relation_free);
	g_ptr_array_add(group->alternatives, relation);
	return group;
}

// The names in an RPM dependency "a >= 1-0" or "(a or b)": one group; NULL when it names a path, a
// soname or a condition, which other relations cover.
static StrakeDebRelationGroup *group_of_rpm(const char *value)
{
	g_autoptr(StrakeDebRelationGroup) group = NULL;
	bool rich = *value == '(';
	g_autofree char *inside =
		rich ? g_strndup(value + 1, strcspn(value + 1, ")")) : g_strdup(value);
	g_auto(GStrv) parts = g_strsplit(inside, " or ", -1);

	if (rich && (strstr(inside, " if ") != NULL || strstr(inside, " and ") != NULL ||
			    strstr(inside, " with ") != NULL))
		return NULL;
	for (char **part = parts; *part != NULL; part++) {
		size_t size = strcspn(g_strstrip(*part), " \t<>=");

		(*part)[size] = '\0';
		if (!strake_deb_name_check(*part, NULL))
			return NULL;
		if (group == NULL) {
			group = group_of_name(*part);
		} else {
			StrakeDebRelation *relation = g_new0(StrakeDebRelation, 1);

			relation->name = g_strdup(*part);
			g_ptr_array_add(group->alternatives, relation);
		}
	}
	return g_steal_pointer(&group);
}

// Whether a relation of @component does not count here: of another architecture, or removed.
static bool is_void(StrakeDebWalk *walk, const StrakeComponent *component,
	const StrakeDebRelation *relation, bool *out_void, bool *out_removed, GError **error)
{
	*out_removed = false;
	*out_void = !strake_deb_relation_applies(relation, walk->upstream->architecture);
	if (*out_void)
		return true;
	if (!is_removed(walk, component, relation->name, out_removed, error))
		return false;
	*out_void = *out_removed;
	return true;
}

// As the bridge has it: when the preferred alternative is removed the wish is void, else only the
// removed ones are.
static bool trim_group(StrakeDebWalk *walk, const StrakeComponent *component,
	StrakeDebRelationGroup *group, GError **error)
{
	for (guint i = group->alternatives->len; i-- > 0;) {
		bool gone, removed;

		if (!is_void(walk, component, g_ptr_array_index(group->alternatives, i), &gone,
			    &removed, error))
			return false;
		if (removed && i == 0)
			g_ptr_array_set_size(group->alternatives, 0);
		else if (gone)
			g_ptr_array_remove_index(group->alternatives, i);
	}
	return true;
}

static bool push_group(StrakeDebWalk *walk, const StrakeDebNode *node,
	const StrakeComponent *component, StrakeDebRelationGroup *group, GError **error)
{
	bool good = trim_group(walk, component, group, error);

	if (good && group->alternatives->len > 0)
		push(walk, node, NULL, group, false);
	else
		strake_deb_relation_group_free(group);
	return good;
}

// Queues what a new package needs, as the overlays of its component have it.
static bool expand(StrakeDebWalk *walk, StrakeDebNode *node, GError **error)
{
	g_autoptr(StrakeComponent) component =
		strake_project_resolve(walk->project, node->name, error);

	if (component == NULL)
		return false;
	while (node->package->depends->len > 0)
		if (!push_group(walk, node, component,
			    g_ptr_array_steal_index(node->package->depends, 0), error))
			return false;
	for (guint i = 0; i < component->overlays->len; i++) {
		const StrakeOverlay *overlay = g_ptr_array_index(component->overlays, i);
		StrakeDebRelationGroup *group;

		if (overlay->type != STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY ||
			g_strcmp0(overlay->kind, "requires") != 0)
			continue;
		group = group_of_rpm(overlay->value);
		if (group != NULL)
			push(walk, node, NULL, group, true);
	}
	return true;
}

static bool add_node(
	StrakeDebWalk *walk, const StrakeDebNeed *need, StrakeDebAnswer *answer, GError **error)
{
	StrakeDebNode *node = g_new0(StrakeDebNode, 1);
	const GPtrArray *requires;

	node->parent = need->from;
	node->why = g_strdup(need->why);
	node->build_only = walk->build_only;
	node->package = g_steal_pointer(&answer->package);
	node->name = node->package != NULL ? g_strdup(node->package->name)
					   : g_steal_pointer(&answer->local);
	g_hash_table_insert(walk->nodes, node->name, node);
	if (node->package != NULL)
		return expand(walk, node, error);
	requires = strake_deb_names_local_requires(walk->names, node->name);
	for (guint i = 0; requires != NULL && i < requires->len; i++)
		push(walk, node, NULL, group_of_name(g_ptr_array_index(requires, i)), true);
	return true;
}

// -- the walk

// *@out_waits: there is a choice to make, which is put off.
static bool settle(StrakeDebWalk *walk, const StrakeDebNeed *need, bool may_choose, bool *out_waits,
	GError **error)
{
	const GPtrArray *alternatives = need->group->alternatives;
	g_auto(StrakeDebAnswer) best = {.present = false};
	guint n_found = 0;

	*out_waits = false;
	for (guint i = 0; i < alternatives->len; i++) {
		g_auto(StrakeDebAnswer) answer = {.present = false};

		if (!strake_deb_ask(walk, g_ptr_array_index(alternatives, i), need->new_names,
			    &answer, error))
			return false;
		if (answer.present)
			return true;
		n_found += answer.n_choices;
		if (!strake_deb_answer_found(&best)) {
			best = answer;
			answer = (StrakeDebAnswer){.present = false};
		}
	}
	if (!strake_deb_answer_found(&best)) {
		strake_deb_report(walk, need);
		return true;
	}
	if (n_found > 1 && !may_choose) {
		*out_waits = true;
		return true;
	}
	return add_node(walk, need, &best, error);
}

static bool run(StrakeDebWalk *walk, GError **error)
{
	for (;;) {
		bool may_choose = g_queue_is_empty(&walk->certain);
		GQueue *queue = may_choose ? &walk->choices : &walk->certain;
		StrakeDebNeed *need = g_queue_pop_head(queue);
		bool waits;

		if (need == NULL)
			return true;
		if (!settle(walk, need, may_choose, &waits, error)) {
			need_free(need);
			return false;
		}
		if (waits)
			g_queue_push_tail(&walk->choices, need);
		else
			need_free(need);
	}
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const StrakeDebPackage *const *x = a;
	const StrakeDebPackage *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static GPtrArray *take_result(StrakeDebWalk *walk, GHashTable *build_only)
{
	GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_package_free);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, walk->nodes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		StrakeDebNode *node = value;

		if (node->package == NULL)
			continue;
		if (node->build_only)
			g_hash_table_add(build_only, g_strdup(node->name));
		g_ptr_array_add(out, g_steal_pointer(&node->package));
	}
	g_ptr_array_sort(out, by_name);
	return out;
}

// What the roots of one kind need, beyond what is known.
static bool run_roots(StrakeDebWalk *walk, const GPtrArray *roots, bool build_only, GError **error)
{
	walk->build_only = build_only;
	for (guint i = 0; i < roots->len; i++) {
		const StrakeDebRoot *root = g_ptr_array_index(roots, i);
		StrakeDebRelationGroup *group =
			root->build_only == build_only ? group_of_rpm(root->name) : NULL;

		if (group != NULL)
			push(walk, NULL, root->why, group, true);
	}
	return run(walk, error);
}

bool strake_deb_closure(const StrakeProject *project, const StrakeUpstream *upstream,
	const StrakeDebIndex *index, const GPtrArray *roots, GPtrArray **out,
	GHashTable **out_build_only, GError **error)
{
	StrakeDebWalk walk = {.project = project, .upstream = upstream, .index = index};
	bool done;

	walk.names = strake_deb_names_new(project, error);
	if (walk.names == NULL)
		return false;
	walk.nodes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, node_free);
	walk.globs = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)strake_glob_free);
	walk.reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	walk.problems = g_string_new(NULL);
	done = run_roots(&walk, roots, false, error) && run_roots(&walk, roots, true, error) &&
	       strake_deb_report_error(&walk, error);
	if (done) {
		*out_build_only = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		*out = take_result(&walk, *out_build_only);
	}
	g_queue_clear_full(&walk.certain, need_free);
	g_queue_clear_full(&walk.choices, need_free);
	g_hash_table_unref(walk.nodes);
	g_hash_table_unref(walk.globs);
	g_hash_table_unref(walk.reported);
	g_string_free(walk.problems, TRUE);
	strake_deb_names_free(walk.names);
	return done;
}

// -- roots

static int root_compare(gconstpointer a, gconstpointer b)
{
	const StrakeDebRoot *const *x = a;
	const StrakeDebRoot *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : strcmp((*x)->why, (*y)->why);
}

static void add_roots(
	GPtrArray *roots, char **packages, const char *what, const char *name, bool build_only)
{
	for (char **package = packages; package != NULL && *package != NULL; package++) {
		StrakeDebRoot *root = g_new0(StrakeDebRoot, 1);

		root->name = g_strdup(*package);
		root->why = g_strdup_printf("%s '%s'", what, name);
		root->build_only = build_only;
		g_ptr_array_add(roots, root);
	}
}

GPtrArray *strake_deb_roots(const StrakeProject *project, GError **error)
{
	g_autoptr(GPtrArray) roots =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_root_free);
	g_auto(GStrv) images = strake_project_image_names(project);
	const GPtrArray *groups = strake_project_package_groups(project);

	for (char **name = images; *name != NULL; name++) {
		const StrakeImageDef *image = strake_project_image(project, *name, error);

		if (image == NULL)
			return NULL;
		if (g_strcmp0(image->definition.type, "strake") == 0)
			add_roots(roots, image->packages, "image", image->name, image->build_only);
	}
	for (guint i = 0; groups != NULL && i < groups->len; i++) {
		const StrakePackageGroup *group = g_ptr_array_index(groups, i);

		add_roots(roots, group->packages, "package group", group->name, group->build_only);
	}
	g_ptr_array_sort(roots, root_compare);
	return g_steal_pointer(&roots);
}
