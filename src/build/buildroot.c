// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Directories of a buildroot, on the host: upper and work (of the overlay), root (where the result
// is seen, inside only; or the copy), build (STRAKE_BUILD_DIR).
#include "build/buildroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "image/root.h"
#include "pkg/install.h"

struct StrakeBuildroot {
	StrakeTmpdir *tmp;
	char *base;
	char *upper;
	char *work;
	char *root;
	char *build;
	StrakeSandboxOverlay overlay;
	bool copied;
};

void strake_buildroot_free(StrakeBuildroot *root)
{
	const char *const dirs[] = {root != NULL ? root->upper : NULL,
		root != NULL ? root->work : NULL, root != NULL ? root->root : NULL,
		root != NULL ? root->build : NULL};

	if (root == NULL)
		return;
	// Files may belong to ids that only exist in the sandbox.
	for (size_t i = 0; i < G_N_ELEMENTS(dirs) && root->tmp != NULL; i++) {
		g_autoptr(GError) problem = NULL;

		if (dirs[i] != NULL && !strake_root_remove(dirs[i], &problem) &&
			!g_error_matches(problem, STRAKE_ERROR, STRAKE_ERROR_CANCELLED))
			strake_warn("%s", problem->message);
	}
	strake_tmpdir_free(root->tmp);
	g_free(root->base);
	g_free(root->upper);
	g_free(root->work);
	g_free(root->root);
	g_free(root->build);
	g_free(root);
}

static bool make_dir(const StrakeBuildroot *root, const char *name, char **out, GError **error)
{
	*out = g_build_filename(root->tmp->path, name, NULL);
	if (mkdir(*out, 0755) < 0 || chmod(*out, 0755) < 0)
		return strake_error_errno(error, errno, "make", *out);
	return true;
}

// Blocks are shared where the file system can.
static bool copy_base(const StrakeBuildroot *root, GError **error)
{
	g_autofree char *from = g_strconcat(root->base, "/.", NULL);
	const char *const argv[] = {"cp", "-a", "--reflink=auto", "--", from, root->root, NULL};
	const StrakeSandbox sandbox = {0};
	const StrakeRun run = {.argv = argv};

	return strake_sandbox_run(&sandbox, &run, NULL, error);
}

StrakeBuildroot *strake_buildroot_new(const StrakeBuildrootOptions *options, GError **error)
{
	g_autoptr(StrakeBuildroot) root = g_new0(StrakeBuildroot, 1);

	root->base = g_strdup(options->base);
	if (!strake_path_mkdirs(AT_FDCWD, options->parent, error))
		return NULL;
	root->tmp = strake_tmpdir_new(options->parent, error);
	if (root->tmp == NULL || !make_dir(root, "upper", &root->upper, error) ||
		!make_dir(root, "work", &root->work, error) ||
		!make_dir(root, "root", &root->root, error) ||
		!make_dir(root, "build", &root->build, error))
		return NULL;
	root->overlay = (StrakeSandboxOverlay){root->base, root->upper, root->work, root->root};
	root->copied = options->copy || !strake_sandbox_has_overlay(root->tmp->path);
	if (root->copied && !copy_base(root, error))
		return NULL;
	return g_steal_pointer(&root);
}

const char *strake_buildroot_dir(const StrakeBuildroot *root)
{
	return root->build;
}

typedef struct {
	const char *root;
	GPtrArray *packages;
	const StrakeInstallOptions *options;
} Call;

static bool install_inside(void *data, int out_fd, GError **error)
{
	const Call *call = data;
	StrakeInstallResult result;

	(void)out_fd;
	// Several builds install at once: one bar each would be noise.
	strake_progress_set_quiet(true);
	return strake_install(call->root, call->packages, call->options, &result, error);
}

bool strake_buildroot_install(StrakeBuildroot *root, GPtrArray *packages, const char *public_key,
	int64_t time_s, GError **error)
{
	static const char *const no_languages[] = {NULL};
	static const char *const env[] = {"HOME=/nonexistent", NULL};
	static const char *const ldconfig[] = {"ldconfig", "-X", NULL};
	const StrakeInstallOptions options = {.public_key = public_key,
		.languages = no_languages,
		.no_docs = true,
		.upgrade = true,
		.time_s = time_s};
	const StrakeSandbox sandbox = {
		.overlay = root->copied ? NULL : &root->overlay, .env = env, .cwd = "/"};
	Call call = {root->root, packages, &options};

	if (packages->len == 0)
		return true;
	return strake_sandbox_call(&sandbox, install_inside, &call, NULL, error) &&
	       strake_buildroot_run(root, &(StrakeRun){.argv = ldconfig}, NULL, error);
}

bool strake_buildroot_run(
	const StrakeBuildroot *root, const StrakeRun *run, GBytes **out, GError **error)
{
	static const char *const env[] = {"HOME=" STRAKE_BUILD_DIR, "LC_ALL=C.UTF-8", "TZ=UTC",
		"LOGNAME=root", "USER=root", "SHELL=/bin/sh", NULL};
	const StrakeSandboxBind bind = {
		.source = root->build, .target = STRAKE_BUILD_DIR, .writable = true};
	const StrakeSandbox sandbox = {
		.overlay = root->copied ? NULL : &root->overlay,
		.root = root->root,
		.binds = &bind,
		.n_binds = 1,
		.cwd = STRAKE_BUILD_DIR,
		.env = env,
		.proc = true,
		.dev = true,
		.tmp = true,
	};

	return strake_sandbox_run(&sandbox, run, out, error);
}
