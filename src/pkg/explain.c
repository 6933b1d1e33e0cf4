// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// libsolv's problems as sentences: who asked for what, which needs and conflicts meet, and what
// would end the conflict.
#include <fnmatch.h>
#include <solv/solver.h>
#include <solv/solverdebug.h>
#include <string.h>

#include "base/error.h"
#include "pkg/solver_private.h"

enum { MAX_PROVIDERS = 3 };

// Sentences are told in this order, each once.
typedef enum { PART_ASKED, PART_NEEDS, PART_CLASH, N_PARTS } Part;

typedef struct {
	Solver *solver;
	const StrakeSolverJob *job;
	GPtrArray *lines[N_PARTS]; // of char *
} Story;

static void G_GNUC_PRINTF(3, 4) tell(Story *story, Part part, const char *format, ...)
{
	va_list args;
	g_autofree char *line = NULL;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	if (!g_ptr_array_find_with_equal_func(story->lines[part], line, g_str_equal, NULL))
		g_ptr_array_add(story->lines[part], g_steal_pointer(&line));
}

// "a, b or 3 others": who provides @dep; free with g_free, NULL: nobody.
static char *providers(Pool *pool, Id dep)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Id p, pp;
	int n = 0;

	FOR_PROVIDES(p, pp, dep)
	{
		if (++n <= MAX_PROVIDERS)
			g_string_append_printf(
				text, "%s%s", n > 1 ? ", " : "", pool_solvid2str(pool, p));
	}
	if (n == 0)
		return NULL;
	if (n > MAX_PROVIDERS)
		g_string_append_printf(text, " and %d more", n - MAX_PROVIDERS);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

// The excluded package that would provide @dep, or NULL.
static const char *excluded_provider(const Story *story, Id dep)
{
	Pool *pool = story->solver->pool;
	const StrakeSolveJob *job = story->job->job;
	Id id;

	FOR_POOL_SOLVABLES(id)
	{
		Solvable *solvable = pool_id2solvable(pool, id);
		const char *name = pool_id2str(pool, solvable->name);

		if (pool->considered == NULL || MAPTST(pool->considered, id))
			continue;
		for (size_t i = 0; i < job->n_exclude; i++)
			if (fnmatch(job->exclude[i].what, name, 0) == 0 &&
				solvable_matchesdep(solvable, SOLVABLE_PROVIDES, dep, 0))
				return pool_solvid2str(pool, id);
	}
	return NULL;
}

static void tell_wish(Story *story, Id pair)
{
	const StrakeSolveJob *job = story->job->job;
	guint index = (guint)pair / 2;
	const StrakeWish *wish;

	if (index >= story->job->wish_of->len)
		return;
	wish = &job->install[g_array_index(story->job->wish_of, guint, index)];
	tell(story, PART_ASKED, "%s asks for '%s'",
		wish->from != NULL ? wish->from : "the command line", wish->what);
}

static void tell_missing(Story *story, Id from, Id dep)
{
	Pool *pool = story->solver->pool;
	const char *excluded = excluded_provider(story, dep);
	g_autofree char *wanted = g_strdup(pool_dep2str(pool, dep));

	if (excluded != NULL)
		tell(story, PART_CLASH, "%s needs %s, whose provider %s is excluded",
			pool_solvid2str(pool, from), wanted, excluded);
	else
		tell(story, PART_CLASH, "%s needs %s, which no package provides",
			pool_solvid2str(pool, from), wanted);
}

static void tell_requires(Story *story, Id from, Id dep)
{
	Pool *pool = story->solver->pool;
	g_autofree char *who = providers(pool, dep);
	g_autofree char *wanted = g_strdup(pool_dep2str(pool, dep));

	tell(story, PART_NEEDS, "%s needs %s%s%s", pool_solvid2str(pool, from), wanted,
		who != NULL ? ", provided by " : "", who != NULL ? who : "");
}

static void tell_rule(Story *story, Id rule)
{
	Pool *pool = story->solver->pool;
	Id from = 0;
	Id to = 0;
	Id dep = 0;
	SolverRuleinfo kind = solver_ruleinfo(story->solver, rule, &from, &to, &dep);
	// Formatting reuses a few static buffers: keep copies of what goes into one sentence.
	g_autofree char *a =
		from > 0 && kind != SOLVER_RULE_JOB ? g_strdup(pool_solvid2str(pool, from)) : NULL;
	g_autofree char *b =
		to > 0 && kind != SOLVER_RULE_JOB ? g_strdup(pool_solvid2str(pool, to)) : NULL;
	g_autofree char *d = dep > 0 ? g_strdup(pool_dep2str(pool, dep)) : NULL;

	switch ((int)kind) {
	case SOLVER_RULE_JOB:
		tell_wish(story, from);
		break;
	case SOLVER_RULE_JOB_NOTHING_PROVIDES_DEP:
	case SOLVER_RULE_JOB_UNKNOWN_PACKAGE:
		tell(story, PART_CLASH, "no package provides %s", d != NULL ? d : "it");
		break;
	case SOLVER_RULE_PKG_NOT_INSTALLABLE:
		tell(story, PART_CLASH, "%s is excluded or not for this architecture", a);
		break;
	case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
		tell_missing(story, from, dep);
		break;
	case SOLVER_RULE_PKG_REQUIRES:
		tell_requires(story, from, dep);
		break;
	case SOLVER_RULE_PKG_SAME_NAME:
		tell(story, PART_CLASH, "only one of %s and %s can be installed", a, b);
		break;
	case SOLVER_RULE_PKG_CONFLICTS:
		tell(story, PART_CLASH, "%s conflicts with %s (it says: Conflicts: %s)", a, b, d);
		break;
	case SOLVER_RULE_PKG_OBSOLETES:
	case SOLVER_RULE_PKG_IMPLICIT_OBSOLETES:
		tell(story, PART_CLASH, "%s replaces %s (it says: Obsoletes: %s)", a, b, d);
		break;
	case SOLVER_RULE_PKG_SELF_CONFLICT:
		tell(story, PART_CLASH, "%s conflicts with itself (it says: Conflicts: %s)", a, d);
		break;
	default:
		tell(story, PART_CLASH, "%s",
			solver_problemruleinfo2str(story->solver, kind, from, to, dep));
		break;
	}
}

// "do not ask for 'a'": what one solution drops; free with g_free, NULL: nothing that helps.
static char *solution_text(Story *story, Id problem, Id solution)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Id element = 0;
	Id p, rp;

	while ((element = solver_next_solutionelement(
			story->solver, problem, solution, element, &p, &rp)) != 0) {
		guint index = (guint)(rp - 1) / 2;
		const StrakeWish *wish;

		if (p != SOLVER_SOLUTION_JOB || index >= story->job->wish_of->len)
			return NULL;
		wish = &story->job->job->install[g_array_index(story->job->wish_of, guint, index)];
		g_string_append_printf(text, "%s'%s'", text->len > 0 ? " and " : "", wish->what);
	}
	return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void append_solutions(Story *story, Id problem, GString *out)
{
	int n = (int)solver_solution_count(story->solver, problem);
	bool any = false;

	for (int i = 1; i <= n; i++) {
		g_autofree char *text = solution_text(story, problem, i);

		if (text == NULL)
			continue;
		g_string_append_printf(out, "%s%s",
			any ? "; or " : "\n  it would be solved by not asking for ", text);
		any = true;
	}
}

static void append_problem(Story *story, Id problem, GString *out)
{
	Queue rules;

	for (int part = 0; part < N_PARTS; part++)
		story->lines[part] = g_ptr_array_new_with_free_func(g_free);
	queue_init(&rules);
	solver_findallproblemrules(story->solver, problem, &rules);
	for (int i = 0; i < rules.count; i++)
		tell_rule(story, rules.elements[i]);
	queue_free(&rules);
	for (int part = 0; part < N_PARTS; part++) {
		for (guint i = 0; i < story->lines[part]->len; i++)
			g_string_append_printf(
				out, "\n  %s", (char *)g_ptr_array_index(story->lines[part], i));
		g_clear_pointer(&story->lines[part], g_ptr_array_unref);
	}
	append_solutions(story, problem, out);
}

bool strake_solver_explain(Solver *solver, const StrakeSolverJob *job, GError **error)
{
	g_autoptr(GString) text =
		g_string_new("the packages asked for cannot be installed together:");
	Story story = {.solver = solver, .job = job};
	int n = (int)solver_problem_count(solver);

	for (Id problem = 1; problem <= n; problem++)
		append_problem(&story, problem, text);
	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s", text->str);
}
