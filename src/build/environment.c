// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The buildroot's packages and BuildRequires as one job of the solver.
#include "build/environment.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "image/root.h"
#include "repo/publish.h"

#define BUILDROOT_IMAGE "buildroot"

#define OWN "own"
#define UPSTREAM "upstream"

struct StrakeBuildPool {
	StrakeTmpdir *tmp; // of the repository of own packages; NULL: none
	StrakeSolver *solver;
	const StrakeImageDef *image;
	GPtrArray *names;         // of char *: packages that are ours and upstream's
	const char *names_not_in; // the repository that has them here
};

static StrakeRootSource root_source(const StrakeBuildSetup *setup, const char *const *repositories)
{
	return (StrakeRootSource){
		.project = setup->workspace->project,
		.store = setup->workspace->store,
		.keys = setup->keys,
		.repositories = repositories,
		.time_s = STRAKE_BUILD_TIME_S,
	};
}

StrakeBuildBase *strake_build_base(const StrakeBuildSetup *setup, GError **error)
{
	const char *const repositories[] = {setup->repository, NULL};
	const StrakeRootSource source = root_source(setup, repositories);
	g_autoptr(StrakeBuildBase) base = g_new0(StrakeBuildBase, 1);

	base->tree = strake_root_shared(&source, BUILDROOT_IMAGE, &base->packages, error);
	if (base->tree == NULL) {
		g_prefix_error(error, "packages are built in the image '" BUILDROOT_IMAGE "': ");
		return NULL;
	}
	base->digest = strake_root_digest(base->packages);
	return g_steal_pointer(&base);
}

void strake_build_base_free(StrakeBuildBase *base)
{
	if (base == NULL)
		return;
	g_free(base->tree);
	g_clear_pointer(&base->packages, g_ptr_array_unref);
	g_free(base->digest);
	g_free(base);
}

// -- the repositories

// Signed and described like what is published, so that installing checks it in the same way.
static bool add_own(
	StrakeBuildPool *pool, const StrakeBuildSetup *setup, GPtrArray *own, GError **error)
{
	static const StrakePublishOptions options = {.jobs = 1, .quiet = true};
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(StrakePublishItem));
	StrakePublishResult result = {0};
	bool ok;

	for (guint i = 0; i < own->len; i++) {
		const StrakeBuiltPackage *package = own->pdata[i];
		const StrakePublishItem item = {.sha256 = package->sha256};

		if (!package->source)
			g_array_append_val(items, item);
	}
	if (items->len == 0)
		return true;
	pool->tmp = strake_tmpdir_new(setup->work_dir, error);
	if (pool->tmp == NULL || !strake_repo_publish(setup->workspace->store, setup->keys,
					 (const StrakePublishItem *)(const void *)items->data,
					 items->len, pool->tmp->path, &options, &result, error))
		return false;
	ok = strake_solver_add_repo(pool->solver, OWN, result.path, 0, error);
	strake_publish_result_clear(&result);
	return ok;
}

// A name that both have is taken from one of them only, whether or not the other's would fit
// better, as in what is published: there a package of ours replaces upstream's.
static void find_doubles(StrakeBuildPool *pool, bool prefer_own)
{
	g_autoptr(GPtrArray) all = strake_solver_list(pool->solver);
	g_autoptr(GHashTable) upstream = g_hash_table_new(g_str_hash, g_str_equal);

	pool->names = g_ptr_array_new_with_free_func(g_free);
	pool->names_not_in = prefer_own ? OWN : UPSTREAM;
	for (guint i = 0; i < all->len; i++) {
		const StrakePackage *package = all->pdata[i];

		if (strcmp(package->repo, UPSTREAM) == 0)
			g_hash_table_add(upstream, package->name);
	}
	for (guint i = 0; i < all->len; i++) {
		const StrakePackage *package = all->pdata[i];

		if (strcmp(package->repo, OWN) == 0 &&
			g_hash_table_contains(upstream, package->name))
			g_ptr_array_add(pool->names, g_strdup(package->name));
	}
}

StrakeBuildPool *strake_build_pool_new(
	const StrakeBuildSetup *setup, GPtrArray *own, bool prefer_own, GError **error)
{
	g_autoptr(StrakeBuildPool) pool = g_new0(StrakeBuildPool, 1);

	pool->image = strake_project_image(setup->workspace->project, BUILDROOT_IMAGE, error);
	pool->solver = pool->image != NULL ? strake_solver_new(NULL) : NULL;
	if (pool->solver == NULL ||
		!strake_solver_add_repo(pool->solver, UPSTREAM, setup->repository, 0, error) ||
		(own != NULL && !add_own(pool, setup, own, error)))
		return NULL;
	find_doubles(pool, prefer_own);
	return g_steal_pointer(&pool);
}

void strake_build_pool_free(StrakeBuildPool *pool)
{
	if (pool == NULL)
		return;
	strake_solver_free(pool->solver);
	g_clear_pointer(&pool->names, g_ptr_array_unref);
	strake_tmpdir_free(pool->tmp);
	g_free(pool);
}

GPtrArray *strake_build_pool_solve(
	StrakeBuildPool *pool, const char *const *requires, const char *from, GError **error)
{
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(StrakeWish));
	g_autofree StrakeWish *doubles = g_new0(StrakeWish, pool->names->len + 1);
	StrakeSolveJob job = {.exclude = doubles,
		.n_exclude = pool->names->len,
		.exclude_not_in = pool->names_not_in};

	for (guint i = 0; i < pool->names->len; i++)
		doubles[i].what = pool->names->pdata[i];

	for (char **name = pool->image->packages; name != NULL && *name != NULL; name++) {
		const StrakeWish wish = {*name, "image '" BUILDROOT_IMAGE "'"};

		g_array_append_val(wishes, wish);
	}
	for (const char *const *name = requires; *name != NULL; name++) {
		const StrakeWish wish = {*name, from};

		g_array_append_val(wishes, wish);
	}
	job.install = (const StrakeWish *)(const void *)wishes->data;
	job.n_install = wishes->len;
	return strake_solver_solve(pool->solver, &job, error);
}

bool strake_build_pool_has(StrakeBuildPool *pool, const char *what)
{
	return strake_solver_has(pool->solver, what);
}
