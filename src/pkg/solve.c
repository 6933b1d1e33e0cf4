// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Wishes to a libsolv job, its answer to an ordered package list.
#include "pkg/solve.h"

#include <fnmatch.h>
#include <solv/bitmap.h>
#include <solv/pool_parserpmrichdep.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/selection.h>
#include <solv/solvable.h>
#include <solv/transaction.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "pkg/solver_private.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Solver, solver_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Transaction, transaction_free)

static void job_clear(StrakeSolverJob *job)
{
	queue_free(&job->pairs);
	g_array_unref(job->wish_of);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrakeSolverJob, job_clear)

void strake_package_free(StrakePackage *package)
{
	if (package == NULL)
		return;
	g_free(package->name);
	g_free(package->evr);
	g_free(package->arch);
	g_free(package->nevra);
	g_free(package->repo);
	g_free(package->path);
	g_free(package->sha256);
	g_free(package->why);
	g_free(package);
}

StrakeSolver *strake_solver_new(const char *architecture)
{
	StrakeSolver *solver = g_new0(StrakeSolver, 1);

	solver->pool = pool_create();
	// Debian's libsolv knows the rules of both package families and starts with dpkg's.
	pool_setdisttype(solver->pool, DISTTYPE_RPM);
	// The policy names one architecture: 32-bit packages that could run are not for us.
	pool_setarchpolicy(solver->pool, architecture != NULL ? architecture : "x86_64");
	pool_set_flag(solver->pool, POOL_FLAG_ADDFILEPROVIDESFILTERED, 1);
	return solver;
}

void strake_solver_free(StrakeSolver *solver)
{
	Pool *pool;
	Repo *repo;
	int i;

	if (solver == NULL)
		return;
	pool = solver->pool;
	FOR_REPOS(i, repo)
	g_clear_pointer(&repo->appdata, g_free);
	if (pool->considered != NULL) {
		map_free(pool->considered);
		g_clear_pointer(&pool->considered, g_free);
	}
	pool_free(pool);
	g_free(solver);
}

static bool is_excluded(const StrakeSolveJob *job, Pool *pool, Id id)
{
	const Solvable *solvable = pool_id2solvable(pool, id);
	const char *name = pool_id2str(pool, solvable->name);

	if (job->exclude_not_in != NULL && strcmp(solvable->repo->name, job->exclude_not_in) == 0)
		return false;
	for (size_t i = 0; i < job->n_exclude; i++)
		if (fnmatch(job->exclude[i].what, name, 0) == 0)
			return true;
	return false;
}

// Excluded packages are not considered at all; @with_all: every package is.
static void consider(StrakeSolver *solver, const StrakeSolveJob *job, bool with_all)
{
	Pool *pool = solver->pool;
	Id id;

	if (pool->considered != NULL) {
		map_free(pool->considered);
		g_clear_pointer(&pool->considered, g_free);
	}
	if (!with_all && job->n_exclude > 0) {
		pool->considered = g_new0(Map, 1);
		map_init(pool->considered, pool->nsolvables);
		map_setall(pool->considered);
		FOR_POOL_SOLVABLES(id)
		if (is_excluded(job, pool, id))
			MAPCLR(pool->considered, id);
	}
	if (!solver->provides_ready)
		pool_addfileprovides(pool);
	pool_createwhatprovides(pool);
	solver->provides_ready = true;
}

static bool select_one(StrakeSolver *solver, const char *what, Queue *out)
{
	const int flags = SELECTION_NAME | SELECTION_PROVIDES | SELECTION_GLOB | SELECTION_CANON |
			  SELECTION_DOTARCH | SELECTION_REL | SELECTION_FILELIST;

	queue_empty(out);
	// "(a or b)", as in a Requires.
	if (*what == '(') {
		Id dep = pool_parserpmrichdep(solver->pool, what);

		if (dep == 0 || pool_whatprovides(solver->pool, dep) <= 1)
			return false;
		queue_push2(out, SOLVER_SOLVABLE_PROVIDES, dep);
		return true;
	}
	return selection_make(solver->pool, out, what, flags) != 0 && out->count > 0;
}

static bool has_condition(const char *what)
{
	static const char *const words[] = {" if ", " unless ", " and ", " with ", " without "};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (strstr(what, words[i]) != NULL)
			return true;
	return false;
}

/** "(a or b)": the first of the alternatives that something matches. Conditions are left to the
 * solver as they are. */
static bool select_wish(StrakeSolver *solver, const char *what, Queue *out)
{
	size_t size = strlen(what);
	g_autofree char *inside = NULL;
	g_auto(GStrv) parts = NULL;

	if (*what != '(' || what[size - 1] != ')' || has_condition(what))
		return select_one(solver, what, out);
	inside = g_strndup(what + 1, size - 2);
	parts = g_strsplit(inside, " or ", -1);
	for (char **part = parts; *part != NULL; part++)
		if (select_one(solver, g_strstrip(*part), out))
			return true;
	return false;
}

bool strake_solver_has(StrakeSolver *solver, const char *what)
{
	const StrakeSolveJob job = {0};
	Queue found;
	bool has;

	queue_init(&found);
	consider(solver, &job, true);
	has = select_wish(solver, what, &found);
	queue_free(&found);
	return has;
}

static const char *nearest_name(StrakeSolver *solver, const char *asked)
{
	Pool *pool = solver->pool;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	Id id;

	FOR_POOL_SOLVABLES(id)
	g_ptr_array_add(names, (void *)pool_id2str(pool, pool_id2solvable(pool, id)->name));
	g_ptr_array_add(names, NULL);
	return strake_nearest(asked, (const char *const *)names->pdata);
}

static bool no_match(
	StrakeSolver *solver, const StrakeSolveJob *job, const StrakeWish *wish, GError **error)
{
	const char *from = wish->from != NULL ? wish->from : "the command line";
	const char *nearest;
	Queue found;
	bool excluded;

	queue_init(&found);
	consider(solver, job, true);
	excluded = select_wish(solver, wish->what, &found);
	queue_free(&found);
	if (excluded)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"%s asks for '%s', but all packages that match are excluded", from,
			wish->what);
	nearest = nearest_name(solver, wish->what);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"%s asks for '%s', but no package has this name or provides it%s%s%s", from,
		wish->what, nearest != NULL ? "; did you mean '" : "",
		nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static bool make_job(StrakeSolver *solver, StrakeSolverJob *out, GError **error)
{
	const StrakeSolveJob *job = out->job;
	Queue found;
	bool ok = true;

	queue_init(&found);
	for (guint i = 0; ok && i < job->n_install; i++) {
		if (!select_wish(solver, job->install[i].what, &found)) {
			ok = no_match(solver, job, &job->install[i], error);
			break;
		}
		for (int k = 0; k + 1 < found.count; k += 2) {
			queue_push2(&out->pairs, SOLVER_INSTALL | found.elements[k],
				found.elements[k + 1]);
			g_array_append_val(out->wish_of, i);
		}
	}
	queue_free(&found);
	return ok;
}

// Why the solver took a package, in a few words; free with g_free.
static char *reason(Solver *solver, Id id)
{
	Pool *pool = solver->pool;
	Id info = 0;
	Id from = 0;
	Id to = 0;
	Id dep = 0;
	int kind = solver_describe_decision(solver, id, &info);
	SolverRuleinfo rule;

	if (kind == SOLVER_REASON_WEAKDEP) {
		Queue reasons;
		char *text = NULL;

		queue_init(&reasons);
		solver_describe_weakdep_decision(solver, id, &reasons);
		if (reasons.count >= 3 && reasons.elements[1] > 0)
			text = g_strdup_printf(
				"recommended by %s", pool_solvid2str(pool, reasons.elements[1]));
		queue_free(&reasons);
		return text != NULL ? text : g_strdup("recommended");
	}
	if (info == 0)
		return g_strdup("asked for");
	rule = solver_ruleinfo(solver, info, &from, &to, &dep);
	if ((rule & SOLVER_RULE_TYPEMASK) == SOLVER_RULE_JOB || from <= 0)
		return g_strdup("asked for");
	return g_strdup_printf("needed by %s", pool_solvid2str(pool, from));
}

static StrakePackage *make_package(Pool *pool, Id id)
{
	Solvable *solvable = pool_id2solvable(pool, id);
	StrakePackage *package = g_new0(StrakePackage, 1);
	const char *location = solvable_lookup_location(solvable, NULL);
	Id type = 0;
	const char *digest = solvable_lookup_checksum(solvable, SOLVABLE_CHECKSUM, &type);

	package->name = g_strdup(pool_id2str(pool, solvable->name));
	package->evr = g_strdup(pool_id2str(pool, solvable->evr));
	package->arch = g_strdup(pool_id2str(pool, solvable->arch));
	package->nevra = g_strdup(pool_solvable2str(pool, solvable));
	package->repo = g_strdup(solvable->repo->name);
	if (location != NULL)
		package->path = g_canonicalize_filename(location, solvable->repo->appdata);
	if (digest != NULL && type == REPOKEY_TYPE_SHA256)
		package->sha256 = g_strdup(digest);
	package->download_bytes = solvable_lookup_num(solvable, SOLVABLE_DOWNLOADSIZE, 0);
	package->installed_bytes = solvable_lookup_num(solvable, SOLVABLE_INSTALLSIZE, 0);
	return package;
}

static GPtrArray *collect(Solver *solver)
{
	g_autoptr(Transaction) transaction = solver_create_transaction(solver);
	GPtrArray *packages = g_ptr_array_new_with_free_func((GDestroyNotify)strake_package_free);

	transaction_order(transaction, 0);
	for (int i = 0; i < transaction->steps.count; i++) {
		StrakePackage *package = make_package(solver->pool, transaction->steps.elements[i]);

		package->why = reason(solver, transaction->steps.elements[i]);
		g_ptr_array_add(packages, package);
	}
	return packages;
}

GPtrArray *strake_solver_list(StrakeSolver *solver)
{
	Pool *pool = solver->pool;
	GPtrArray *packages = g_ptr_array_new_with_free_func((GDestroyNotify)strake_package_free);
	Id id;

	FOR_POOL_SOLVABLES(id)
	g_ptr_array_add(packages, make_package(pool, id));
	return packages;
}

GPtrArray *strake_solver_solve(StrakeSolver *solver, const StrakeSolveJob *job, GError **error)
{
	g_auto(StrakeSolverJob) inner = {.job = job};
	g_autoptr(Solver) solv = NULL;

	queue_init(&inner.pairs);
	inner.wish_of = g_array_new(FALSE, FALSE, sizeof(guint));
	consider(solver, job, false);
	if (!make_job(solver, &inner, error))
		return NULL;
	solv = solver_create(solver->pool);
	solver_set_flag(solv, SOLVER_FLAG_IGNORE_RECOMMENDED, !job->recommends);
	if (solver_solve(solv, &inner.pairs) != 0) {
		strake_solver_explain(solv, &inner, error);
		return NULL;
	}
	return collect(solv);
}
