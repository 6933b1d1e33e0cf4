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

enum { OWN_PREFERRED = 10, OWN_LAST = -10 };

struct StrakeBuildPool {
	StrakeTmpdir *tmp; // of the repository of own packages; NULL: none
	StrakeSolver *solver;
	const StrakeImageDef *image;
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
static bool add_own(StrakeBuildPool *pool, const StrakeBuildSetup *setup, GPtrArray *own,
	bool prefer, GError **error)
{
	static const StrakePublishOptions options = {.jobs = 1};
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
	ok = strake_solver_add_repo(
		pool->solver, "own", result.path, prefer ? OWN_PREFERRED : OWN_LAST, error);
	strake_publish_result_clear(&result);
	return ok;
}

StrakeBuildPool *strake_build_pool_new(
	const StrakeBuildSetup *setup, GPtrArray *own, bool prefer_own, GError **error)
{
	g_autoptr(StrakeBuildPool) pool = g_new0(StrakeBuildPool, 1);

	pool->image = strake_project_image(setup->workspace->project, BUILDROOT_IMAGE, error);
	pool->solver = pool->image != NULL ? strake_solver_new(NULL) : NULL;
	if (pool->solver == NULL ||
		!strake_solver_add_repo(pool->solver, "upstream", setup->repository, 0, error) ||
		(own != NULL && !add_own(pool, setup, own, prefer_own, error)))
		return NULL;
	return g_steal_pointer(&pool);
}

void strake_build_pool_free(StrakeBuildPool *pool)
{
	if (pool == NULL)
		return;
	strake_solver_free(pool->solver);
	strake_tmpdir_free(pool->tmp);
	g_free(pool);
}

GPtrArray *strake_build_pool_solve(
	StrakeBuildPool *pool, const char *const *requires, const char *from, GError **error)
{
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(StrakeWish));
	StrakeSolveJob job = {0};

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
