// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Runs a function or a program in new user, mount, process, IPC, host name and (unless asked
// otherwise) network name spaces, as root inside, whoever starts it:
//
//   started by root      every user id is kept as it is (identity map), but without any power
//                        over the host;
//   by an ordinary user  inside 0 is the user, inside 1.. are the user's range of /etc/subuid and
//                        /etc/subgid, set by newuidmap(1) and newgidmap(1); without a range only
//                        user 0 exists inside, and chown to anybody else fails.
//
// There is no shell, and nothing of the environment is inherited.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/run.h"

/** One host path made visible inside. */
typedef struct {
	const char *source; // on the host; a file or a directory
	const char *target; // absolute, inside; NULL: the same path. Made when missing, below @root
	bool writable;
} StrakeSandboxBind;

/**
 * A tree that can be changed while the one below it stays as it is (overlayfs). Paths are of the
 * host and hold no ',', ':' or '\'.
 */
typedef struct {
	const char *lower;
	const char *upper;  // takes the changes
	const char *work;   // an empty directory on the file system of @upper
	const char *target; // a directory where the result is seen, inside only
} StrakeSandboxOverlay;

typedef struct {
	const StrakeSandboxOverlay *overlay; // NULL: none; mounted first, so that @root may be it
	const char *root;                    // becomes "/"; NULL: the host's root stays
	bool root_read_only;            // mounts below it, such as binds and /tmp, are not affected
	const StrakeSandboxBind *binds; // applied in order
	size_t n_binds;
	const char *cwd;        // inside; NULL: "/" with @root, else ours
	const char *const *env; // "NAME=value", NULL-terminated or NULL; added to PATH, HOME, LANG
	bool proc;              // mount a new /proc
	bool dev;               // a minimal /dev: null zero full random urandom tty fd shm pts
	bool tmp;               // an empty tmpfs on /tmp and /run
	bool network;           // keep the host's network; otherwise there is only loopback
	bool needs_owners;      // fail early, in words, when only one user id can be had inside
} StrakeSandbox;

/**
 * Runs inside, in a forked process with a single thread. What is written to @out_fd goes to the
 * caller. It may use strake_run and progress; it must not use threads that were started outside.
 */
typedef bool (*StrakeSandboxFunc)(void *data, int out_fd, GError **error);

/**
 * strake_sandbox_call: calls @func inside and waits. Changes to memory stay in the child.
 * @out_bytes: what @func wrote to its descriptor, or NULL to drop it; written on success
 * Errors: that of @func with its domain code kept when it is ours; FAILED "sandbox: STEP: cause";
 * CANCELLED.
 */
bool strake_sandbox_call(const StrakeSandbox *sandbox, StrakeSandboxFunc func, void *data,
	GBytes **out_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_sandbox_start: as strake_sandbox_call, but returns while @func still works, so that
 * another program can read through a pipe what it makes. The caller may read from
 * strake_sandbox_work_fd what it wrote to its descriptor; freeing unfinished work kills it.
 * @sandbox and @data must live until then.
 */
typedef struct StrakeSandboxWork StrakeSandboxWork;
StrakeSandboxWork *strake_sandbox_start(const StrakeSandbox *sandbox, StrakeSandboxFunc func,
	void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int strake_sandbox_work_fd(const StrakeSandboxWork *work);
/** strake_sandbox_finish: waits for @work. Errors: as strake_sandbox_call. */
bool strake_sandbox_finish(StrakeSandboxWork *work, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_sandbox_work_free(StrakeSandboxWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSandboxWork, strake_sandbox_work_free)

/**
 * strake_sandbox_run: a program, as strake_run. @run->argv[0] is looked up inside on
 * /usr/sbin:/usr/bin:/sbin:/bin; @run->env is added to @sandbox->env; @run->cwd is inside;
 * @run->clear_env is implied.
 */
bool strake_sandbox_run(const StrakeSandbox *sandbox, const StrakeRun *run, GBytes **out_stdout,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_sandbox_has_overlay: whether an overlay can be made below directory @dir; tried out. */
bool strake_sandbox_has_overlay(const char *dir);

/** strake_sandbox_has_owners: true when more than one user id can be had inside. */
bool strake_sandbox_has_owners(void);
