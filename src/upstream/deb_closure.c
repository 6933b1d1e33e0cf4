// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A breadth-first walk. Choices between several packages wait until nothing certain is left, so
// that they see what is needed anyway.
#include "upstream/deb_closure.h"

#include <string.h>

#include "base/error.h"
#include "base/glob.h"
#include "upstream/deb_names.h"

enum { PROBLEMS_MAX = 10, CHAIN_MAX = 12 };

typedef struct Node {
	const struct Node *parent; // who needed it first; NULL: a root
	char *why;                 // the root's
	StrakeDebPackage *package; // NULL: a package of our own
	char *name;
} Node;

// One group of alternatives that a node needs.
typedef struct {
	const Node *from;
	const char *why;               // when @from is NULL: who wants it
	StrakeDebRelationGroup *group; // owned
	bool new_names;                // written by us: names mean what renames make them
} Need;

typedef struct {
	const StrakeProject *project;
	const StrakeUpstream *upstream;
	const StrakeDebIndex *index;
	StrakeDebNames *names;
	GHashTable *nodes; // name -> Node
	GQueue certain;    // of Need
	GQueue choices;    // of Need
	GHashTable *globs; // pattern -> StrakeGlob
	GString *problems;
	guint n_problems;
	GHashTable *reported; // of names
} Walk;

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
	Node *node = data;

	strake_deb_package_free(node->package);
	g_free(node->name);
	g_free(node->why);
	g_free(node);
}

static void need_free(gpointer data)
{
	Need *need = data;

	strake_deb_relation_group_free(need->group);
	g_free(need);
}

// -- asking the index

static bool version_fits(const StrakeDebRelation *relation, const char *version)
{
	return relation->op == STRAKE_DEB_OP_NONE ||
	       strake_deb_version_satisfies(version, relation->op, relation->version);
}

// The newest package called @name that fits; the overlays' bounds are RPM's and not looked at.
static bool find_real(Walk *walk, const char *name, const StrakeDebRelation *relation,
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

static const char *preferred(const Walk *walk, const char *virtual_name)
{
	const GPtrArray *prefer = walk->upstream->prefer;

	for (guint i = 0; prefer != NULL && i < prefer->len; i++) {
		const StrakeNameValue *pair = g_ptr_array_index(prefer, i);

		if (strcmp(pair->key, virtual_name) == 0)
			return pair->value;
	}
	return NULL;
}

static bool is_preferred(const Walk *walk, const StrakeDebPackage *package, const char *prefer)
{
	const char *new_name = strake_deb_names_new_name(walk->names, package->name);

	return prefer != NULL &&
	       (strcmp(prefer, package->name) == 0 || g_strcmp0(prefer, new_name) == 0);
}

static bool better_provider(
	const Walk *walk, const StrakeDebPackage *a, const StrakeDebPackage *b, const char *prefer)
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
static bool find_provider(Walk *walk, const StrakeDebRelation *relation, const Node **out_node,
	StrakeDebPackage **out, guint *out_count, GError **error)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(StrakeDebId));
	g_autoptr(StrakeDebPackage) best = NULL;
	const char *prefer = preferred(walk, relation->name);

	strake_deb_index_providers(walk->index, relation->name, ids);
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(StrakeDebPackage) package = strake_deb_index_package(
			walk->index, g_array_index(ids, StrakeDebId, i), error);
		const Node *node;

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

// What a relation comes to. With @present, nothing is to be added.
typedef struct {
	bool present;
	StrakeDebPackage *package; // owned
	char *local;               // owned; a package of our own
	guint n_choices;           // more than one: wait until all that is certain is known
} Answer;

static void answer_clear(Answer *answer)
{
	g_clear_pointer(&answer->package, strake_deb_package_free);
	g_clear_pointer(&answer->local, g_free);
	answer->present = false;
	answer->n_choices = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static bool found(const Answer *answer)
{
	return answer->present || answer->package != NULL || answer->local != NULL;
}

static void take_package(Walk *walk, StrakeDebPackage *package, Answer *answer)
{
	if (g_hash_table_contains(walk->nodes, package->name)) {
		answer->present = true;
		strake_deb_package_free(package);
		return;
	}
	answer->package = package;
	answer->n_choices = 1;
}

static bool try_real(Walk *walk, const char *name, const StrakeDebRelation *relation,
	Answer *answer, GError **error)
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
static bool try_components(Walk *walk, const GPtrArray *components, Answer *answer, GError **error)
{
	for (guint i = 0; components != NULL && i < components->len && !found(answer); i++)
		if (!try_real(walk, g_ptr_array_index(components, i), NULL, answer, error))
			return false;
	return true;
}

static void try_local(Walk *walk, const char *name, Answer *answer)
{
	if (!strake_deb_names_is_local(walk->names, name, NULL))
		return;
	answer->present = g_hash_table_contains(walk->nodes, name);
	answer->local = answer->present ? NULL : g_strdup(name);
	answer->n_choices = 1;
}

static bool try_virtual(
	Walk *walk, const StrakeDebRelation *relation, Answer *answer, GError **error)
{
	const Node *node = NULL;
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

static bool ask(Walk *walk, const StrakeDebRelation *relation, bool new_names, Answer *answer,
	GError **error)
{
	const char *name = relation->name;

	if (new_names) {
		try_local(walk, name, answer);
		if (!found(answer) &&
			!try_components(
				walk, strake_deb_names_renamed(walk->names, name), answer, error))
			return false;
	}
	if (!found(answer) && !try_real(walk, name, new_names ? NULL : relation, answer, error))
		return false;
	if (!found(answer) &&
		!try_components(walk, strake_deb_names_provided(walk->names, name), answer, error))
		return false;
	if (!found(answer))
		try_local(walk, name, answer);
	return found(answer) || try_virtual(walk, relation, answer, error);
}

// -- overlays

static const StrakeGlob *glob_of(Walk *walk, const char *pattern, GError **error)
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
static bool is_removed(Walk *walk, const StrakeComponent *component, const char *name,
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

static void push(Walk *walk, const Node *from, const char *why, StrakeDebRelationGroup *group,
	bool new_names)
{
	Need *need = g_new0(Need, 1);

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
static bool is_void(Walk *walk, const StrakeComponent *component, const StrakeDebRelation *relation,
	bool *out_void, bool *out_removed, GError **error)
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
static bool trim_group(
	Walk *walk, const StrakeComponent *component, StrakeDebRelationGroup *group, GError **error)
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

static bool push_group(Walk *walk, const Node *node, const StrakeComponent *component,
	StrakeDebRelationGroup *group, GError **error)
{
	bool good = trim_group(walk, component, group, error);

	if (good && group->alternatives->len > 0)
		push(walk, node, NULL, group, false);
	else
		strake_deb_relation_group_free(group);
	return good;
}

// Queues what a new package needs, as the overlays of its component have it.
static bool expand(Walk *walk, Node *node, GError **error)
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

static bool add_node(Walk *walk, const Need *need, Answer *answer, GError **error)
{
	Node *node = g_new0(Node, 1);
	const GPtrArray *requires;

	node->parent = need->from;
	node->why = g_strdup(need->why);
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

// -- what cannot be had

static char *chain_of(const Need *need)
{
	GString *out = g_string_new(NULL);
	int length = 0;
	const char *why = need->why;

	for (const Node *node = need->from; node != NULL; node = node->parent) {
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
static void describe_near(Walk *walk, const StrakeDebRelation *relation, GString *out)
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

static void report(Walk *walk, const Need *need)
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

// -- the walk

// *@out_waits: there is a choice to make, which is put off.
static bool settle(Walk *walk, const Need *need, bool may_choose, bool *out_waits, GError **error)
{
	const GPtrArray *alternatives = need->group->alternatives;
	g_auto(Answer) best = {.present = false};
	guint n_found = 0;

	*out_waits = false;
	for (guint i = 0; i < alternatives->len; i++) {
		g_auto(Answer) answer = {.present = false};

		if (!ask(walk, g_ptr_array_index(alternatives, i), need->new_names, &answer, error))
			return false;
		if (answer.present)
			return true;
		n_found += answer.n_choices;
		if (!found(&best)) {
			best = answer;
			answer = (Answer){.present = false};
		}
	}
	if (!found(&best)) {
		report(walk, need);
		return true;
	}
	if (n_found > 1 && !may_choose) {
		*out_waits = true;
		return true;
	}
	return add_node(walk, need, &best, error);
}

static bool run(Walk *walk, GError **error)
{
	for (;;) {
		bool may_choose = g_queue_is_empty(&walk->certain);
		GQueue *queue = may_choose ? &walk->choices : &walk->certain;
		Need *need = g_queue_pop_head(queue);
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

static GPtrArray *take_result(Walk *walk)
{
	GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)strake_deb_package_free);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, walk->nodes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Node *node = value;

		if (node->package != NULL)
			g_ptr_array_add(out, g_steal_pointer(&node->package));
	}
	g_ptr_array_sort(out, by_name);
	return out;
}

static bool problems_error(const Walk *walk, GError **error)
{
	g_autofree char *text = g_strchomp(g_strdup(walk->problems->str));

	if (walk->n_problems > PROBLEMS_MAX)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s\n... and %u more", text,
			walk->n_problems - PROBLEMS_MAX);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s", text);
}

bool strake_deb_closure(const StrakeProject *project, const StrakeUpstream *upstream,
	const StrakeDebIndex *index, const GPtrArray *roots, GPtrArray **out, GError **error)
{
	Walk walk = {.project = project, .upstream = upstream, .index = index};
	bool done;

	walk.names = strake_deb_names_new(project, error);
	if (walk.names == NULL)
		return false;
	walk.nodes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, node_free);
	walk.globs = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)strake_glob_free);
	walk.reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	walk.problems = g_string_new(NULL);
	for (guint i = 0; i < roots->len; i++) {
		const StrakeDebRoot *root = g_ptr_array_index(roots, i);
		StrakeDebRelationGroup *group = group_of_rpm(root->name);

		if (group != NULL)
			push(&walk, NULL, root->why, group, true);
	}
	done = run(&walk, error) && (walk.n_problems == 0 || problems_error(&walk, error));
	if (done)
		*out = take_result(&walk);
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

static void add_roots(GPtrArray *roots, char **packages, const char *what, const char *name)
{
	for (char **package = packages; package != NULL && *package != NULL; package++) {
		StrakeDebRoot *root = g_new0(StrakeDebRoot, 1);

		root->name = g_strdup(*package);
		root->why = g_strdup_printf("%s '%s'", what, name);
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
			add_roots(roots, image->packages, "image", image->name);
	}
	for (guint i = 0; groups != NULL && i < groups->len; i++) {
		const StrakePackageGroup *group = g_ptr_array_index(groups, i);

		add_roots(roots, group->packages, "package group", group->name);
	}
	g_ptr_array_sort(roots, root_compare);
	return g_steal_pointer(&roots);
}
