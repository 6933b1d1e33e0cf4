// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Mounts of a sandbox: private copies, binds, /proc, /dev, /tmp, then pivot_root. Targets are
// resolved below the new root, so that a link in a foreign tree leads nowhere else.
#include "base/sandbox_mount_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

typedef struct {
	char text[32];
} FdPath;

static FdPath fd_path(int fd)
{
	FdPath path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

static bool set_read_only(int at_fd, GError **error, const char *name)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	if (syscall(SYS_mount_setattr, at_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return strake_error_errno(error, errno, "sandbox: make read-only", name);
	return true;
}

// Makes an empty file or directory to mount on.
static bool make_target(int root_fd, const char *target, bool directory, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(target);
	g_auto(strake_fd) fd = -1;

	if (directory)
		return strake_path_mkdirs_beneath(root_fd, target, 0755, error);
	return strake_path_mkdirs_beneath(root_fd, parent, 0755, error) &&
	       strake_path_open_beneath(root_fd, target, O_WRONLY | O_CREAT, 0644, &fd, error);
}

static bool open_target(const StrakeSandbox *sandbox, int root_fd, const char *target,
	bool directory, int *out_fd, GError **error)
{
	if (strake_path_open_beneath(root_fd, target, O_PATH, 0, out_fd, NULL))
		return true;
	if (sandbox->root == NULL)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"sandbox: '%s' does not exist, and nothing is made on the host to mount on",
			target);
	return make_target(root_fd, target, directory, error) &&
	       strake_path_open_beneath(root_fd, target, O_PATH, 0, out_fd, error);
}

static bool bind_path(
	const StrakeSandbox *sandbox, int root_fd, const StrakeSandboxBind *bind, GError **error)
{
	const char *target = bind->target != NULL ? bind->target : bind->source;
	g_auto(strake_fd) target_fd = -1;
	g_auto(strake_fd) mounted_fd = -1;
	struct stat st;

	if (stat(bind->source, &st) < 0)
		return strake_error_errno(error, errno, "sandbox: look at", bind->source);
	if (!open_target(sandbox, root_fd, target, S_ISDIR(st.st_mode), &target_fd, error))
		return false;
	if (mount(bind->source, fd_path(target_fd).text, NULL, MS_BIND | MS_REC, NULL) < 0)
		return strake_error_errno(error, errno, "sandbox: bind", target);
	if (bind->writable)
		return true;
	return strake_path_open_beneath(root_fd, target, O_PATH, 0, &mounted_fd, error) &&
	       set_read_only(mounted_fd, error, target);
}

static bool mount_new(const StrakeSandbox *sandbox, int root_fd, const char *type,
	const char *target, unsigned long flags, const char *options, GError **error)
{
	g_auto(strake_fd) fd = -1;

	if (!open_target(sandbox, root_fd, target, true, &fd, error))
		return false;
	if (mount(type, fd_path(fd).text, type, flags, options) < 0)
		return strake_error_errno(error, errno, "sandbox: mount", target);
	return true;
}

static bool mount_proc(const StrakeSandbox *sandbox, int root_fd, GError **error)
{
	static const StrakeSandboxBind host_proc = {.source = "/proc", .writable = true};
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	// A new /proc is refused where the host's is covered in parts, as in most containers; the
	// host's own then serves, since /proc/self works in it all the same.
	if (mount_new(sandbox, root_fd, "proc", "/proc", flags, NULL, NULL))
		return true;
	return bind_path(sandbox, root_fd, &host_proc, error);
}

static bool mount_dev(const StrakeSandbox *sandbox, int root_fd, GError **error)
{
	static const char *const nodes[] = {
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"},
		{"/proc/self/fd/0", "stdin"},
		{"/proc/self/fd/1", "stdout"},
		{"/proc/self/fd/2", "stderr"},
		{"pts/ptmx", "ptmx"},
	};
	g_auto(strake_fd) dev_fd = -1;
	g_autofree int *node_fds = g_new(int, G_N_ELEMENTS(nodes));

	// The nodes are opened before the new /dev covers them where the host's root stays.
	for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++)
		node_fds[i] = open(nodes[i], O_PATH | O_CLOEXEC);
	if (!mount_new(sandbox, root_fd, "tmpfs", "/dev", MS_NOSUID, "mode=755,size=4m", error) ||
		!strake_path_open_beneath(
			root_fd, "/dev", O_RDONLY | O_DIRECTORY, 0, &dev_fd, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
		const char *name = nodes[i] + strlen("/dev/");
		g_auto(strake_fd) source = node_fds[i];
		g_auto(strake_fd) fd =
			openat(dev_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

		if (source < 0)
			continue; // a host without /dev/tty is no reason to stop
		if (fd < 0 ||
			mount(fd_path(source).text, fd_path(fd).text, NULL, MS_BIND, NULL) < 0)
			return strake_error_errno(error, errno, "sandbox: bind", nodes[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
		if (symlinkat(links[i][0], dev_fd, links[i][1]) < 0)
			return strake_error_errno(error, errno, "sandbox: link", links[i][1]);
	if (mkdirat(dev_fd, "pts", 0755) < 0 || mkdirat(dev_fd, "shm", 01777) < 0)
		return strake_error_errno(error, errno, "sandbox: make", "/dev/pts");
	return mount_new(sandbox, root_fd, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		       "newinstance,ptmxmode=0666,mode=620", error) &&
	       mount_new(sandbox, root_fd, "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777",
		       error);
}

static bool mount_overlay(const StrakeSandboxOverlay *overlay, GError **error)
{
	g_autofree char *options = g_strdup_printf("lowerdir=%s,upperdir=%s,workdir=%s,userxattr",
		overlay->lower, overlay->upper, overlay->work);

	if (strpbrk(overlay->lower, ",:\\") != NULL || strpbrk(overlay->upper, ",:\\") != NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"sandbox: a path with ',', ':' or '\\' cannot be part of an overlay: '%s'",
			overlay->upper);
	if (mount("overlay", overlay->target, "overlay", MS_NOSUID | MS_NODEV, options) < 0)
		return strake_error_errno(
			error, errno, "sandbox: mount an overlay on", overlay->target);
	return true;
}

// Makes @root a mount of its own, which pivot_root and read-only need, and opens it.
static bool open_root(const StrakeSandbox *sandbox, int *out_fd, GError **error)
{
	const char *root = sandbox->root;
	g_auto(strake_fd) before = -1;

	if (root == NULL)
		return strake_path_open_dir(AT_FDCWD, "/", out_fd, error);
	if (!strake_path_open_dir(AT_FDCWD, root, &before, error))
		return false;
	if (mount(root, fd_path(before).text, NULL, MS_BIND | MS_REC, NULL) < 0)
		return strake_error_errno(error, errno, "sandbox: bind", root);
	return strake_path_open_dir(AT_FDCWD, root, out_fd, error);
}

static bool enter_root(const StrakeSandbox *sandbox, int root_fd, GError **error)
{
	if (sandbox->root == NULL)
		return true;
	// With both names ".", the old root ends up on top of the new one and is then let go.
	if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return strake_error_errno(error, errno, "sandbox: enter root", sandbox->root);
	return true;
}

bool strake_sandbox_mount(const StrakeSandbox *sandbox, GError **error)
{
	g_auto(strake_fd) root_fd = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return strake_error_errno(error, errno, "sandbox: make private", "/");
	if (sandbox->overlay != NULL && !mount_overlay(sandbox->overlay, error))
		return false;
	if (!open_root(sandbox, &root_fd, error))
		return false;
	if (sandbox->proc && !mount_proc(sandbox, root_fd, error))
		return false;
	if (sandbox->dev && !mount_dev(sandbox, root_fd, error))
		return false;
	if (sandbox->tmp && (!mount_new(sandbox, root_fd, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV,
				     "mode=1777", error) ||
				    !mount_new(sandbox, root_fd, "tmpfs", "/run",
					    MS_NOSUID | MS_NODEV, "mode=755", error)))
		return false;
	for (size_t i = 0; i < sandbox->n_binds; i++)
		if (!bind_path(sandbox, root_fd, &sandbox->binds[i], error))
			return false;
	// Last, so that missing mount points could be made.
	if (sandbox->root_read_only && !set_read_only(root_fd, error, "/"))
		return false;
	return enter_root(sandbox, root_fd, error);
}
