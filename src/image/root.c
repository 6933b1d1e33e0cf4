// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Package choice and installation for images.
#include "image/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "image/steps.h"
#include "pkg/install.h"
#include "pkg/solve.h"
#include "upstream/upstream.h"

#define TOOLS_IMAGE "tools"

static bool add_repositories(const StrakeRootSource *source, const StrakeImageDef *def,
	StrakeSolver *solver, GError **error)
{
	const char *const *list = source->repositories != NULL
					  ? source->repositories
					  : (const char *const *)def->repositories;
	g_autofree char *own = g_build_filename(
		strake_project_output_dir(source->project), "repo", "x86_64", NULL);
	g_autofree char *repodata = g_build_filename(own, "repodata", "repomd.xml", NULL);

	for (const char *const *dir = list; dir != NULL && *dir != NULL; dir++)
		if (!strake_solver_add_repo(solver, *dir, *dir, 0, error))
			return false;
	if (list != NULL)
		return true;
	if (access(repodata, R_OK) < 0)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no repository at '%s'; run: strake repo publish", own);
	return strake_solver_add_repo(solver, "strake", own, 0, error);
}

GPtrArray *strake_root_choose(
	const StrakeRootSource *source, const StrakeImageDef *def, GError **error)
{
	g_autoptr(StrakeSolver) solver = strake_solver_new(NULL);
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(StrakeWish));
	g_autofree char *from = g_strdup_printf("image '%s'", def->name);
	StrakeSolveJob job = {.recommends = def->weak_dependencies};

	for (char **name = def->packages; name != NULL && *name != NULL; name++) {
		const StrakeWish wish = {*name, from};
		g_array_append_val(wishes, wish);
	}
	if (wishes->len == 0) {
		strake_error_at(error, STRAKE_ERROR_INVALID, def->at,
			"image '%s' asks for no packages; add some to 'packages'", def->name);
		return NULL;
	}
	job.install = (const StrakeWish *)(void *)wishes->data;
	job.n_install = wishes->len;
	if (!add_repositories(source, def, solver, error))
		return NULL;
	return strake_solver_solve(solver, &job, error);
}

char *strake_root_digest(const GPtrArray *packages)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < packages->len; i++) {
		const StrakePackage *p = packages->pdata[i];
		g_string_append_printf(text, "%s %s\n", p->nevra, p->sha256);
	}
	return strake_digest_data(STRAKE_DIGEST_SHA256, text->str, text->len);
}

static bool make_inside(void *data, int out_fd, GError **error)
{
	(void)out_fd;
	return strake_path_mkdirs(AT_FDCWD, data, error);
}

// Its owner is the sandbox's root, as that of the trees beside it.
static bool make_layers_dir(char *path, GError **error)
{
	const StrakeSandbox sandbox = {0};

	return access(path, F_OK) == 0 ||
	       strake_sandbox_call(&sandbox, make_inside, path, NULL, error);
}

bool strake_root_install(const StrakeRootSource *source, const StrakeImageDef *def,
	GPtrArray *packages, const char *root, int64_t *out_newest_s, GError **error)
{
	int64_t begin = g_get_real_time() / G_USEC_PER_SEC;
	static const char *const no_languages[] = {NULL};
	// Inherited packages keep their upstream's signature.
	g_autofree char *public_keys = strake_upstream_keys(
		source->project, NULL, strake_keys_public(source->keys), error);
	const StrakeInstallOptions options = {
		.public_key = public_keys,
		.languages =
			def->locales != NULL ? (const char *const *)def->locales : no_languages,
		.exclude_globs = (const char *const *)def->exclude,
		.no_docs = !def->docs,
		.time_s = source->time_s,
	};
	g_autofree char *layers =
		g_build_filename(strake_store_path(source->store), "trees", "layers", NULL);
	StrakeInstallOptions with_layers = options;
	StrakeInstallResult result = {0};

	with_layers.layers = layers;
	if (public_keys == NULL || !make_layers_dir(layers, error) ||
		!strake_install_sandboxed(root, packages, &with_layers, &result, error))
		return false;
	if (out_newest_s != NULL)
		*out_newest_s = MIN(result.newest_s, begin - 1);
	return true;
}

static bool remove_inside(void *data, int out_fd, GError **error)
{
	(void)out_fd;
	return strake_path_remove_tree(AT_FDCWD, data, error);
}

bool strake_root_remove(const char *root, GError **error)
{
	const StrakeSandbox sandbox = {0};

	return strake_sandbox_call(&sandbox, remove_inside, (void *)root, NULL, error);
}

static bool make_shared(const StrakeRootSource *source, const StrakeImageDef *def,
	GPtrArray *packages, const char *final, GError **error)
{
	g_autofree char *aside = g_strconcat(final, ".new", NULL);
	const StrakeSteps steps = {
		.store = source->store,
		.def = def,
		.root = aside,
		.time_s = source->time_s,
	};

	strake_say("making the tree '%s' (%u packages)", def->name, packages->len);
	if (!strake_root_remove(aside, error))
		return false;
	if (mkdir(aside, 0755) < 0)
		return strake_error_errno(error, errno, "make", aside);
	if (!strake_root_install(source, def, packages, aside, NULL, error) ||
		!strake_steps_run(&steps, error))
		return false;
	if (rename(aside, final) < 0)
		return strake_error_errno(error, errno, "rename", aside);
	return true;
}

char *strake_root_shared(
	const StrakeRootSource *source, const char *name, GPtrArray **out_packages, GError **error)
{
	const StrakeImageDef *def = strake_project_image(source->project, name, error);
	g_autoptr(GPtrArray) packages = NULL;
	g_autofree char *digest = NULL;
	g_autofree char *trees = NULL;
	g_autofree char *final = NULL;
	g_autofree char *lock_path = NULL;
	g_auto(strake_fd) lock = -1;

	packages = def != NULL ? strake_root_choose(source, def, error) : NULL;
	if (packages == NULL)
		return NULL;
	digest = strake_root_digest(packages);
	trees = g_build_filename(strake_store_path(source->store), "trees", NULL);
	lock_path = g_build_filename(trees, ".lock", NULL);
	final = g_strdup_printf("%s/%s-%.16s", trees, name, digest);
	if (!strake_path_mkdirs(AT_FDCWD, trees, error) ||
		!strake_file_lock(AT_FDCWD, lock_path, true, &lock, error))
		return NULL;
	if (access(final, F_OK) < 0 && !make_shared(source, def, packages, final, error))
		return NULL;
	if (out_packages != NULL)
		*out_packages = g_steal_pointer(&packages);
	return g_steal_pointer(&final);
}

char *strake_root_tools(const StrakeRootSource *source, GError **error)
{
	char *tree = strake_root_shared(source, TOOLS_IMAGE, NULL, error);

	if (tree == NULL)
		g_prefix_error(error,
			"programs that make file systems come from the image '" TOOLS_IMAGE "': ");
	return tree;
}
