// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Directories of a buildroot, on the host: upper and work (of the overlay), root (where the result
// is seen, inside only; or the copy), build (STRAKE_BUILD_DIR).
#include "build/buildroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "image/root.h"
#include "pkg/install.h"

#define LOCK_NAME "lock"

enum { STALE_AFTER_S = 3600 };

struct StrakeBuildroot {
	StrakeTmpdir *tmp;
	char *base;
	char *upper;
	char *work;
	char *root;
	char *build;
	StrakeSandboxOverlay overlay;
	bool copied;
	strake_fd lock;
};

// Files may belong to ids that only exist in the sandbox, which does not start after a signal; what
// stays then is removed by a later build.
static bool remove_all(const char *path, GError **error)
{
	if (geteuid() == 0)
		return strake_path_remove_tree(AT_FDCWD, path, error);
	return strake_root_remove(path, error);
}

void strake_buildroot_free(StrakeBuildroot *root)
{
	g_autoptr(GError) problem = NULL;

	if (root == NULL)
		return;
	if (root->tmp != NULL && !remove_all(root->tmp->path, &problem) &&
		!g_error_matches(problem, STRAKE_ERROR, STRAKE_ERROR_CANCELLED))
		strake_warn("%s", problem->message);
	strake_tmpdir_free(root->tmp);
	strake_fd_clear(&root->lock);
	g_free(root->base);
	g_free(root->upper);
	g_free(root->work);
	g_free(root->root);
	g_free(root->build);
	g_free(root);
}

// Trees of builds that were killed: nobody holds their lock.
static void remove_stale(const char *parent)
{
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;

	for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
		g_autofree char *path = g_build_filename(parent, name, NULL);
		g_autofree char *lock_path = g_build_filename(path, LOCK_NAME, NULL);
		g_auto(strake_fd) lock = -1;
		struct stat st;

		// One that is young may be about to be locked.
		if (stat(lock_path, &st) < 0 || now_s - st.st_mtime < STALE_AFTER_S ||
			!strake_file_lock(AT_FDCWD, lock_path, false, &lock, NULL))
			continue;
		if (!remove_all(path, NULL))
			strake_warn("'%s' is left over and cannot be removed", path);
	}
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
	root->lock = -1;
	if (!strake_path_mkdirs(AT_FDCWD, options->parent, error))
		return NULL;
	remove_stale(options->parent);
	root->tmp = strake_tmpdir_new(options->parent, error);
	if (root->tmp == NULL ||
		!strake_file_lock(root->tmp->fd, LOCK_NAME, true, &root->lock, error) ||
		!make_dir(root, "upper", &root->upper, error) ||
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
