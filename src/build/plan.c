// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From needs between components to nodes in stages.
#include "build/plan.h"

#include <string.h>

#include "base/error.h"
#include "build/schedule.h"

enum { NONE = 0, FIRST = 1 << 0, SECOND = 1 << 1 };

typedef struct {
	GPtrArray *wants;
	StrakeBuildStages stages;
	guint n;
	bool *reaches;   // n * n: a needs b, directly or not
	unsigned *built; // FIRST, SECOND: by component
} Plan;

static const StrakeBuildWant *want(const Plan *plan, guint i)
{
	return plan->wants->pdata[i];
}

static bool in_cycle(const Plan *plan, guint i)
{
	return plan->reaches[(size_t)i * plan->n + i];
}

static bool same_cycle(const Plan *plan, guint a, guint b)
{
	return plan->reaches[(size_t)a * plan->n + b] && plan->reaches[(size_t)b * plan->n + a];
}

static void reach(Plan *plan, guint from, guint at)
{
	const GArray *needs = want(plan, at)->needs;

	for (guint i = 0; i < needs->len; i++) {
		guint next = g_array_index(needs, guint, i);
		bool *known = &plan->reaches[(size_t)from * plan->n + next];

		if (next != at && !*known) {
			*known = true;
			reach(plan, from, next);
		}
	}
}

// -- which stages

static void mark(Plan *plan, guint i);

// That a component's tools use its own packages is no reason to build it twice.
static bool needs_others(const GArray *needs, guint i)
{
	for (guint k = 0; k < needs->len; k++)
		if (g_array_index(needs, guint, k) != i)
			return true;
	return false;
}

static void mark_needs(Plan *plan, const GArray *needs)
{
	for (guint i = 0; i < needs->len; i++)
		mark(plan, g_array_index(needs, guint, i));
}

// What it takes to have component @i.
static void mark(Plan *plan, guint i)
{
	const StrakeBuildWant *w = want(plan, i);

	if (plan->built[i] != NONE)
		return;
	if (plan->stages == STRAKE_BUILD_STAGE_1) {
		plan->built[i] = FIRST;
		mark_needs(plan, w->only);
		return;
	}
	if (plan->stages == STRAKE_BUILD_STAGE_2 || in_cycle(plan, i))
		plan->built[i] = FIRST | SECOND;
	else
		plan->built[i] = needs_others(w->needs, i) ? SECOND : FIRST;
	mark_needs(plan, w->needs);
}

// -- nodes

static char *node_name(const Plan *plan, guint i, unsigned stage)
{
	return g_strdup_printf("%s.%u", want(plan, i)->component, stage);
}

static unsigned last_stage(const Plan *plan, guint i)
{
	return plan->built[i] & SECOND ? 2 : 1;
}

static void add_need(const Plan *plan, GPtrArray *names, guint i, unsigned stage)
{
	char *name = node_name(plan, i, stage);

	if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
		g_free(name);
	else
		g_ptr_array_add(names, name);
}

static void first_needs(const Plan *plan, guint i, GPtrArray *names)
{
	const GArray *only = want(plan, i)->only;

	for (guint k = 0; k < only->len; k++) {
		guint other = g_array_index(only, guint, k);

		if (other == i)
			continue;
		// The first stage of what is built in both: nothing of stage 2 comes before it.
		add_need(plan, names, other,
			plan->built[other] & FIRST ? 1 : last_stage(plan, other));
	}
}

static void second_needs(const Plan *plan, guint i, GPtrArray *names)
{
	const GArray *needs = want(plan, i)->needs;

	// In a full second stage everything sees everything of the first.
	for (guint k = 0; plan->stages == STRAKE_BUILD_STAGE_2 && k < plan->n; k++)
		if (plan->built[k] & FIRST)
			add_need(plan, names, k, 1);
	for (guint k = 0; plan->stages != STRAKE_BUILD_STAGE_2 && k < needs->len; k++) {
		guint other = g_array_index(needs, guint, k);

		if (other != i)
			add_need(plan, names, other,
				same_cycle(plan, i, other) ? 1 : last_stage(plan, other));
	}
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **take_names(GPtrArray *names)
{
	g_ptr_array_sort(names, by_text);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static StrakeBuildNode *new_node(const Plan *plan, guint i, unsigned stage)
{
	StrakeBuildNode *node = g_new0(StrakeBuildNode, 1);
	GPtrArray *names = g_ptr_array_new();

	node->name = node_name(plan, i, stage);
	node->component = g_strdup(want(plan, i)->component);
	node->stage = stage;
	node->final = stage == last_stage(plan, i);
	if (stage == 1)
		first_needs(plan, i, names);
	else
		second_needs(plan, i, names);
	node->needs = take_names(names);
	return node;
}

void strake_build_node_free(StrakeBuildNode *node)
{
	if (node == NULL)
		return;
	g_free(node->name);
	g_free(node->component);
	g_strfreev(node->needs);
	g_strfreev(node->sees);
	g_free(node);
}

// -- the order

static void add_seen(GHashTable *nodes, GHashTable *seen, char *const *needs)
{
	for (char *const *name = needs; *name != NULL; name++) {
		const StrakeBuildNode *node = g_hash_table_lookup(nodes, *name);

		g_hash_table_add(seen, *name);
		for (char **more = node->sees; *more != NULL; more++)
			g_hash_table_add(seen, *more);
	}
}

static char **seen_names(GHashTable *seen)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, seen);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(names, g_strdup(key));
	return take_names(names);
}

// @nodes: name -> node, owned; the result owns them instead.
static GPtrArray *in_order(GHashTable *nodes, GError **error)
{
	g_autoptr(StrakeSchedule) schedule = strake_schedule_new();
	g_autoptr(GPtrArray) out =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_build_node_free);
	g_auto(GStrv) order = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, nodes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const StrakeBuildNode *node = value;

		strake_schedule_add(schedule, node->name);
		for (char **need = node->needs; *need != NULL; need++)
			strake_schedule_need(schedule, node->name, *need);
	}
	order = strake_schedule_order(schedule, error);
	for (char **name = order; name != NULL && *name != NULL; name++) {
		g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
		StrakeBuildNode *node = g_hash_table_lookup(nodes, *name);

		add_seen(nodes, seen, node->needs);
		node->sees = seen_names(seen);
	}
	for (char **name = order; name != NULL && *name != NULL; name++) {
		StrakeBuildNode *node = g_hash_table_lookup(nodes, *name);

		g_hash_table_steal(nodes, *name);
		g_ptr_array_add(out, node);
	}
	return order != NULL ? g_steal_pointer(&out) : NULL;
}

GPtrArray *strake_build_plan(GPtrArray *wants, StrakeBuildStages stages, GError **error)
{
	Plan plan = {.wants = wants, .stages = stages, .n = wants->len};
	g_autofree bool *reaches = g_new0(bool, (size_t)plan.n *plan.n + 1);
	g_autofree unsigned *built = g_new0(unsigned, plan.n + 1);
	g_autoptr(GHashTable) nodes = g_hash_table_new_full(
		g_str_hash, g_str_equal, NULL, (GDestroyNotify)strake_build_node_free);
	GPtrArray *out;

	plan.reaches = reaches;
	plan.built = built;
	for (guint i = 0; i < plan.n; i++)
		reach(&plan, i, i);
	for (guint i = 0; i < plan.n; i++)
		if (want(&plan, i)->wanted)
			mark(&plan, i);
	for (guint i = 0; i < plan.n; i++)
		for (unsigned stage = 1; stage <= 2; stage++)
			if (built[i] & (stage == 1 ? FIRST : SECOND)) {
				StrakeBuildNode *node = new_node(&plan, i, stage);

				g_hash_table_insert(nodes, node->name, node);
			}
	out = in_order(nodes, error);
	if (out == NULL)
		g_prefix_error(error,
			"the order of builds cannot be told, and upstream has no package to begin "
			"with: ");
	return out;
}
