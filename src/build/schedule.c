// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Kahn's algorithm for the order and the cycles, then workers that take what is ready.
#include "build/schedule.h"

#include <string.h>

#include "base/cancel.h"
#include "base/error.h"

typedef struct {
	char *name;
	GPtrArray *needs; // of char *, until the graph is linked
	GPtrArray *users; // of Node *, borrowed
	guint open_needs; // needs that are not done yet
	guint weight;     // how many nodes wait for this one, directly or not: a bound, not a count
	StrakeNodeState state;
	char *message;
} Node;

struct StrakeSchedule {
	GHashTable *by_name; // name -> Node
	GPtrArray *nodes;    // of Node, in order of the alphabet once linked
	bool linked;
};

static const char *const state_names[] = {
	[STRAKE_NODE_WAITING] = "waiting",
	[STRAKE_NODE_RUNNING] = "running",
	[STRAKE_NODE_DONE] = "done",
	[STRAKE_NODE_CACHED] = "cached",
	[STRAKE_NODE_FAILED] = "failed",
	[STRAKE_NODE_SKIPPED] = "skipped",
};

const char *strake_node_state_name(StrakeNodeState state)
{
	g_return_val_if_fail(state >= 0 && state < G_N_ELEMENTS(state_names), "?");
	return state_names[state];
}

static void node_free(gpointer data)
{
	Node *node = data;

	g_free(node->name);
	g_ptr_array_unref(node->needs);
	g_ptr_array_unref(node->users);
	g_free(node->message);
	g_free(node);
}

StrakeSchedule *strake_schedule_new(void)
{
	StrakeSchedule *schedule = g_new0(StrakeSchedule, 1);

	schedule->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	schedule->nodes = g_ptr_array_new_with_free_func(node_free);
	return schedule;
}

void strake_schedule_free(StrakeSchedule *schedule)
{
	if (schedule == NULL)
		return;
	g_hash_table_unref(schedule->by_name);
	g_ptr_array_unref(schedule->nodes);
	g_free(schedule);
}

void strake_schedule_add(StrakeSchedule *schedule, const char *name)
{
	Node *node = g_new0(Node, 1);

	g_return_if_fail(!schedule->linked && !g_hash_table_contains(schedule->by_name, name));
	node->name = g_strdup(name);
	node->needs = g_ptr_array_new_with_free_func(g_free);
	node->users = g_ptr_array_new();
	g_ptr_array_add(schedule->nodes, node);
	g_hash_table_insert(schedule->by_name, node->name, node);
}

void strake_schedule_need(StrakeSchedule *schedule, const char *name, const char *needed)
{
	Node *node = g_hash_table_lookup(schedule->by_name, name);

	g_return_if_fail(!schedule->linked && node != NULL);
	if (strcmp(name, needed) == 0 ||
		g_ptr_array_find_with_equal_func(node->needs, needed, g_str_equal, NULL))
		return;
	g_ptr_array_add(node->needs, g_strdup(needed));
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const Node *const *)a)->name, (*(const Node *const *)b)->name);
}

static bool link_nodes(StrakeSchedule *schedule, GError **error)
{
	g_ptr_array_sort(schedule->nodes, by_name);
	for (guint i = 0; i < schedule->nodes->len; i++)
		g_ptr_array_set_size(((Node *)schedule->nodes->pdata[i])->users, 0);
	for (guint i = 0; i < schedule->nodes->len; i++) {
		Node *node = schedule->nodes->pdata[i];

		node->open_needs = node->needs->len;
		for (guint k = 0; k < node->needs->len; k++) {
			Node *needed =
				g_hash_table_lookup(schedule->by_name, node->needs->pdata[k]);
			if (needed == NULL)
				return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
					"'%s' needs '%s', which is not to be built", node->name,
					(const char *)node->needs->pdata[k]);
			g_ptr_array_add(needed->users, node);
		}
	}
	schedule->linked = true;
	return true;
}

// Follows open needs from a node that is stuck until one comes up again.
static bool cycle_error(StrakeSchedule *schedule, GError **error)
{
	g_autoptr(GPtrArray) path = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);
	const Node *node = NULL;
	guint start = 0;

	for (guint i = 0; node == NULL && i < schedule->nodes->len; i++)
		if (((Node *)schedule->nodes->pdata[i])->open_needs > 0)
			node = schedule->nodes->pdata[i];
	while (!g_ptr_array_find(path, node, &start)) {
		const Node *next = NULL;

		g_ptr_array_add(path, (gpointer)node);
		for (guint k = 0; next == NULL && k < node->needs->len; k++) {
			const Node *needed =
				g_hash_table_lookup(schedule->by_name, node->needs->pdata[k]);
			next = needed->open_needs > 0 ? needed : NULL;
		}
		node = next;
	}
	for (guint i = start; i < path->len; i++)
		g_string_append_printf(text, "%s -> ", ((const Node *)path->pdata[i])->name);
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "needs go in a circle: %s%s", text->str, node->name);
}

static gint node_by_name(gconstpointer a, gconstpointer b, gpointer data)
{
	return strcmp(((const Node *)a)->name, ((const Node *)b)->name);
}

// Takes nodes without open needs, the first in the alphabet each time, into @order.
static bool sort_nodes(StrakeSchedule *schedule, GPtrArray *order, GError **error)
{
	g_autoptr(GSequence) ready = g_sequence_new(NULL);

	for (guint i = 0; i < schedule->nodes->len; i++) {
		Node *node = schedule->nodes->pdata[i];
		if (node->open_needs == 0)
			g_sequence_append(ready, node);
	}
	while (g_sequence_get_length(ready) > 0) {
		GSequenceIter *first = g_sequence_get_begin_iter(ready);
		Node *node = g_sequence_get(first);

		g_sequence_remove(first);
		g_ptr_array_add(order, node);
		for (guint i = 0; i < node->users->len; i++) {
			Node *user = node->users->pdata[i];
			if (--user->open_needs == 0)
				g_sequence_insert_sorted(ready, user, node_by_name, NULL);
		}
	}
	return order->len == schedule->nodes->len || cycle_error(schedule, error);
}

static GPtrArray *order_of(StrakeSchedule *schedule, GError **error)
{
	g_autoptr(GPtrArray) order = g_ptr_array_new();

	if (!link_nodes(schedule, error) || !sort_nodes(schedule, order, error))
		return NULL;
	return g_steal_pointer(&order);
}

char **strake_schedule_order(StrakeSchedule *schedule, GError **error)
{
	g_autoptr(GPtrArray) order = order_of(schedule, error);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (order == NULL)
		return NULL;
	for (guint i = 0; i < order->len; i++)
		g_ptr_array_add(names, g_strdup(((Node *)order->pdata[i])->name));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

typedef struct {
	const StrakeScheduleRun *run;
	GPtrArray *order;
	GMutex lock;
	GCond changed;
	guint finished;
	bool stop;
	GError *error; // of the first node that failed
} Run;

static void set_state(Run *run, Node *node, StrakeNodeState state)
{
	node->state = state;
	if (state != STRAKE_NODE_RUNNING && state != STRAKE_NODE_WAITING)
		run->finished++;
	if (run->run->changed != NULL)
		run->run->changed(node->name, state, run->run->data);
}

// The ready node that most others wait for; the order decides among equals.
static Node *take_ready(Run *run)
{
	Node *best = NULL;

	for (guint i = 0; i < run->order->len; i++) {
		Node *node = run->order->pdata[i];
		if (node->state == STRAKE_NODE_WAITING && node->open_needs == 0 &&
			(best == NULL || node->weight > best->weight))
			best = node;
	}
	return best;
}

static void skip_users(Run *run, Node *node)
{
	for (guint i = 0; i < node->users->len; i++) {
		Node *user = node->users->pdata[i];

		if (user->state != STRAKE_NODE_WAITING)
			continue;
		user->message = g_strdup_printf("'%s' %s", node->name,
			node->state == STRAKE_NODE_FAILED ? "failed" : "was skipped");
		set_state(run, user, STRAKE_NODE_SKIPPED);
		skip_users(run, user);
	}
}

static void finish_node(Run *run, Node *node, bool ok, bool cached, GError *error)
{
	if (ok) {
		for (guint i = 0; i < node->users->len; i++)
			((Node *)node->users->pdata[i])->open_needs--;
		set_state(run, node, cached ? STRAKE_NODE_CACHED : STRAKE_NODE_DONE);
	} else {
		node->message = g_strdup(error->message);
		set_state(run, node, STRAKE_NODE_FAILED);
		skip_users(run, node);
		if (run->error == NULL)
			run->error = g_steal_pointer(&error);
		run->stop |= !run->run->keep_going;
	}
	g_clear_error(&error);
	g_cond_broadcast(&run->changed);
}

static gpointer worker(gpointer data)
{
	Run *run = data;

	g_mutex_lock(&run->lock);
	while (!run->stop && !strake_cancel_requested() && run->finished < run->order->len) {
		Node *node = take_ready(run);
		GError *error = NULL;
		bool cached = false;
		bool ok;

		if (node == NULL) {
			g_cond_wait(&run->changed, &run->lock);
			continue;
		}
		set_state(run, node, STRAKE_NODE_RUNNING);
		g_mutex_unlock(&run->lock);
		ok = run->run->func(node->name, run->run->data, &cached, &error);
		g_mutex_lock(&run->lock);
		finish_node(run, node, ok, cached, error);
	}
	g_cond_broadcast(&run->changed);
	g_mutex_unlock(&run->lock);
	return NULL;
}

static void weigh(GPtrArray *order)
{
	for (guint i = order->len; i > 0; i--) {
		Node *node = order->pdata[i - 1];

		node->weight = 0;
		for (guint k = 0; k < node->users->len; k++)
			node->weight += ((Node *)node->users->pdata[k])->weight + 1;
		node->weight =
			MIN(node->weight, 1u << 20); // shared users count often: keep it small
		node->open_needs = node->needs->len;
	}
}

static void work(Run *run)
{
	unsigned jobs = run->run->jobs > 0 ? run->run->jobs : g_get_num_processors();
	unsigned threads = MAX(1u, MIN(jobs, run->order->len));
	g_autofree GThread **others = g_new0(GThread *, threads + 1);

	for (unsigned i = 1; i < threads; i++)
		others[i] = g_thread_new("strake-node", worker, run);
	worker(run);
	for (unsigned i = 1; i < threads; i++)
		g_thread_join(others[i]);
	for (guint i = 0; i < run->order->len; i++) {
		Node *node = run->order->pdata[i];
		if (node->state != STRAKE_NODE_WAITING)
			continue;
		node->message = g_strdup("the run was stopped");
		set_state(run, node, STRAKE_NODE_SKIPPED);
	}
}

bool strake_schedule_run(StrakeSchedule *schedule, const StrakeScheduleRun *options, GError **error)
{
	g_autoptr(GPtrArray) order = order_of(schedule, error);
	Run run = {.run = options, .order = order};

	if (order == NULL)
		return false;
	weigh(order);
	g_mutex_init(&run.lock);
	g_cond_init(&run.changed);
	work(&run);
	g_cond_clear(&run.changed);
	g_mutex_clear(&run.lock);
	if (run.error != NULL) {
		g_propagate_error(error, run.error);
		return false;
	}
	return strake_cancel_check(error);
}

static const Node *node_of(const StrakeSchedule *schedule, const char *name)
{
	const Node *node = g_hash_table_lookup(schedule->by_name, name);

	g_return_val_if_fail(node != NULL, NULL);
	return node;
}

StrakeNodeState strake_schedule_state(const StrakeSchedule *schedule, const char *name)
{
	return node_of(schedule, name)->state;
}

const char *strake_schedule_message(const StrakeSchedule *schedule, const char *name)
{
	return node_of(schedule, name)->message;
}
