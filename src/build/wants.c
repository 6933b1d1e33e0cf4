// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The solver tells what BuildRequires bring; a package that is called as one of ours is ours.
#include "build/wants.h"

#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "build/environment.h"

typedef struct {
	const StrakeBuildSetup *setup;
	char **names;             // sorted, all
	StrakeBuildFacts **facts; // in that order
	StrakeProgress *progress;
	GPtrArray *left_out; // NULL: a component that cannot be read is an error
	char **problems;     // of the components, in the order of the names; NULL: none
	GHashTable *owners;  // name -> index + 1, the first component that provides it
	GHashTable *base;    // names of packages of the buildroot
	StrakeBuildPool *pool;
} Wants;

static void wants_clear(Wants *wants)
{
	for (guint i = 0; wants->facts != NULL && i < g_strv_length(wants->names); i++)
		strake_build_facts_free(wants->facts[i]);
	for (guint i = 0; wants->problems != NULL && i < g_strv_length(wants->names); i++)
		g_free(wants->problems[i]);
	g_free(wants->problems);
	g_free(wants->facts);
	g_strfreev(wants->names);
	strake_progress_end(wants->progress);
	g_clear_pointer(&wants->owners, g_hash_table_unref);
	g_clear_pointer(&wants->base, g_hash_table_unref);
	strake_build_pool_free(wants->pool);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wants, wants_clear)

static void want_free(void *data)
{
	StrakeBuildWant *want = data;

	g_free(want->component);
	g_array_unref(want->needs);
	g_array_unref(want->only);
	g_free(want);
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Both lists without doubles, sorted.
static char **join_names(char *const *names, char *const *more)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	char *const *lists[] = {names, more};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		for (char *const *name = lists[i]; name != NULL && *name != NULL; name++)
			if (!g_ptr_array_find_with_equal_func(all, *name, g_str_equal, NULL))
				g_ptr_array_add(all, *name);
	g_ptr_array_sort(all, by_text);
	for (guint i = 0; i < all->len; i++)
		all->pdata[i] = g_strdup(all->pdata[i]);
	g_ptr_array_add(all, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

static bool may_leave_out(const Wants *wants, const GError *problem)
{
	return wants->left_out != NULL &&
	       !g_error_matches(problem, STRAKE_ERROR, STRAKE_ERROR_CANCELLED);
}

static bool read_facts(size_t index, void *data, GError **error)
{
	Wants *wants = data;
	g_autoptr(GError) problem = NULL;

	wants->facts[index] = strake_build_facts(wants->setup, wants->names[index], &problem);
	strake_progress_add(wants->progress, 1, wants->names[index]);
	if (wants->facts[index] != NULL)
		return true;
	if (!may_leave_out(wants, problem)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	wants->problems[index] = g_strdup(problem->message);
	return true;
}

// What cannot be built is no longer there, neither to be built nor for others.
static void leave_out(Wants *wants, guint index, const char *why)
{
	guint n = g_strv_length(wants->names);

	g_ptr_array_add(wants->left_out, g_strdup(why));
	strake_build_facts_free(wants->facts[index]);
	g_free(wants->names[index]);
	g_free(wants->problems[index]);
	for (guint i = index; i < n; i++) { // the NULL at the end, too
		wants->names[i] = wants->names[i + 1];
		wants->facts[i] = i + 1 < n ? wants->facts[i + 1] : NULL;
		wants->problems[i] = i + 1 < n ? wants->problems[i + 1] : NULL;
	}
}

static void leave_out_unread(Wants *wants)
{
	for (guint i = g_strv_length(wants->names); i-- > 0;)
		if (wants->problems[i] != NULL)
			leave_out(wants, i, wants->problems[i]);
}

static void find_owners(Wants *wants)
{
	g_clear_pointer(&wants->owners, g_hash_table_unref);
	wants->owners = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; wants->names[i] != NULL; i++)
		for (char **name = wants->facts[i]->provides; *name != NULL; name++)
			if (!g_hash_table_contains(wants->owners, *name))
				g_hash_table_insert(wants->owners, *name, GUINT_TO_POINTER(i + 1));
}

static bool find_base(Wants *wants, GError **error)
{
	g_autoptr(StrakeBuildBase) base = strake_build_base(wants->setup, error);

	if (base == NULL)
		return false;
	wants->base = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < base->packages->len; i++)
		g_hash_table_add(wants->base,
			g_strdup(((const StrakePackage *)base->packages->pdata[i])->name));
	wants->pool = strake_build_pool_new(wants->setup, NULL, false, error);
	return wants->pool != NULL;
}

static int by_index(gconstpointer a, gconstpointer b)
{
	guint x = *(const guint *)a;
	guint y = *(const guint *)b;

	return x < y ? -1 : x > y;
}

// The component of ours that @name belongs to, noted once.
static bool add_owner(const Wants *wants, GArray *out, const char *name)
{
	guint owner = GPOINTER_TO_UINT(g_hash_table_lookup(wants->owners, name));

	if (owner == 0)
		return false;
	owner--;
	for (guint i = 0; i < out->len; i++)
		if (g_array_index(out, guint, i) == owner)
			return true;
	g_array_append_val(out, owner);
	return true;
}

static char *name_of(const char *relation)
{
	return g_strndup(relation, strcspn(relation, " "));
}

// What only we have, and what upstream's packages for the rest are called.
static bool find_needs(Wants *wants, guint index, StrakeBuildWant *want, GError **error)
{
	const StrakeBuildFacts *facts = wants->facts[index];
	g_autofree char *from = g_strdup_printf("component '%s'", facts->component);
	g_autoptr(GPtrArray) had = g_ptr_array_new();
	g_autoptr(GPtrArray) packages = NULL;

	for (char **relation = facts->requires; *relation != NULL; relation++) {
		g_autofree char *name = name_of(*relation);

		if (strake_build_pool_has(wants->pool, *relation)) {
			g_ptr_array_add(had, *relation);
		} else if (add_owner(wants, want->only, name)) {
			add_owner(wants, want->needs, name);
		} else {
			g_ptr_array_add(had, *relation); // the solver explains
		}
		// Said outright: ours, although the buildroot has upstream's.
		add_owner(wants, want->needs, name);
	}
	g_ptr_array_add(had, NULL);
	packages =
		strake_build_pool_solve(wants->pool, (const char *const *)had->pdata, from, error);
	if (packages == NULL)
		return false;
	for (guint i = 0; i < packages->len; i++) {
		const StrakePackage *package = packages->pdata[i];

		if (!g_hash_table_contains(wants->base, package->name))
			add_owner(wants, want->needs, package->name);
	}
	g_array_sort(want->needs, by_index);
	g_array_sort(want->only, by_index);
	return true;
}

static StrakeBuildWant *new_want(const Wants *wants, guint index, char *const *names)
{
	StrakeBuildWant *want = g_new0(StrakeBuildWant, 1);

	want->component = g_strdup(wants->names[index]);
	want->needs = g_array_new(FALSE, FALSE, sizeof(guint));
	want->only = g_array_new(FALSE, FALSE, sizeof(guint));
	want->wanted = g_strv_contains((const char *const *)names, want->component);
	return want;
}

// The needs of all; *@out_bad: the component whose needs cannot be met, when false.
static GPtrArray *find_all(Wants *wants, char *const *names, guint *out_bad, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(want_free);

	find_owners(wants);
	for (guint i = 0; wants->names[i] != NULL; i++) {
		StrakeBuildWant *want = new_want(wants, i, names);

		g_ptr_array_add(out, want);
		*out_bad = i;
		if (!find_needs(wants, i, want, error))
			return NULL;
	}
	return g_steal_pointer(&out);
}

GPtrArray *strake_build_wants(const StrakeBuildSetup *setup, char *const *names, char *const *more,
	GPtrArray *left_out, GError **error)
{
	g_auto(Wants) wants = {.setup = setup, .left_out = left_out};
	guint n;

	wants.names = join_names(names, more);
	n = g_strv_length(wants.names);
	wants.facts = g_new0(StrakeBuildFacts *, n + 1);
	wants.problems = g_new0(char *, n + 1);
	if (!find_base(&wants, error))
		return NULL;
	wants.progress = strake_progress_new("read specs", n, false);
	if (!strake_parallel_for(n, 0, read_facts, &wants, error))
		return NULL;
	leave_out_unread(&wants);
	// What others counted on may be what is left out, so all needs are found anew then.
	for (;;) {
		g_autoptr(GError) problem = NULL;
		guint bad = 0;
		GPtrArray *out = find_all(&wants, names, &bad, &problem);

		if (out != NULL)
			return out;
		if (!may_leave_out(&wants, problem)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return NULL;
		}
		leave_out(&wants, bad, problem->message);
	}
}
