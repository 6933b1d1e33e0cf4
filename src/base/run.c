// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Subprocesses over posix_spawn; the tail of standard error goes into the GError.
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/pump_private.h"

enum { STDERR_KEEP_BYTES = 16 * 1024 };

// The child's environment; free with g_strfreev.
static char **make_env(const StrakeRun *run)
{
	g_auto(GStrv) env = NULL;

	if (run->clear_env) {
		const char *path = g_getenv("PATH");
		env = g_environ_setenv(NULL, "PATH", path != NULL ? path : "/usr/bin", TRUE);
	} else {
		env = g_get_environ();
	}
	for (const char *const *pair = run->env; pair != NULL && *pair != NULL; pair++) {
		const char *equals = strchr(*pair, '=');
		g_autofree char *name = NULL;

		g_return_val_if_fail(equals != NULL, NULL);
		name = g_strndup(*pair, (size_t)(equals - *pair));
		env = g_environ_setenv(g_steal_pointer(&env), name, equals + 1, TRUE);
	}
	return g_steal_pointer(&env);
}

static bool make_pipe(int out[2], GError **error)
{
	if (pipe2(out, O_CLOEXEC) < 0)
		return strake_error_errno(error, errno, "make", "pipe");
	return true;
}

// Ends of pipes for the child's 0, 1 and 2; -1: /dev/null.
static bool spawn(const StrakeRun *run, const int ends[3], pid_t *out_pid, GError **error)
{
	g_auto(GStrv) env = make_env(run);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int rc;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++) {
		if (ends[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, ends[i], i);
		else
			posix_spawn_file_actions_addopen(
				&actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
	}
	if (run->cwd != NULL)
		posix_spawn_file_actions_addchdir_np(&actions, run->cwd);
	rc = posix_spawnp(
		out_pid, run->argv[0], &actions, &attributes, (char *const *)run->argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (rc == 0)
		return true;
	return strake_error_errno(error, rc, "run", run->argv[0]);
}

bool strake_run_status_error(
	const char *name, int status, const GByteArray *err_bytes, GError **error)
{
	g_autofree char *tail = strake_pump_tail(err_bytes);
	const char *gap = *tail != '\0' ? ": " : "";

	if (WIFSIGNALED(status))
		return strake_error_set(error, STRAKE_ERROR_FAILED, "%s was ended by signal %d%s%s",
			name, WTERMSIG(status), gap, tail);
	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s failed with status %d%s%s", name,
		WEXITSTATUS(status), gap, tail);
}

bool strake_run(const StrakeRun *run, GBytes **out_stdout, GError **error)
{
	g_autoptr(GByteArray) out_bytes = g_byte_array_new();
	g_autoptr(GByteArray) err_bytes = g_byte_array_new();
	g_auto(strake_fd) in_write = -1;
	g_auto(strake_fd) out_read = -1;
	g_auto(strake_fd) err_read = -1;
	g_auto(strake_fd) in_read = -1;
	g_auto(strake_fd) out_write = -1;
	g_auto(strake_fd) err_write = -1;
	int pair[2];
	int status = 0;
	pid_t child = -1;
	StrakePumpOut outs[2];

	if (run->input != NULL) {
		if (!make_pipe(pair, error))
			return false;
		in_read = pair[0];
		in_write = pair[1];
	}
	if (out_stdout != NULL && run->log_fd <= 0) {
		if (!make_pipe(pair, error))
			return false;
		out_read = pair[0];
		out_write = pair[1];
	}
	if (!make_pipe(pair, error))
		return false;
	err_read = pair[0];
	err_write = pair[1];
	if (!spawn(run,
		    (int[]){in_read, run->log_fd > 0 ? run->log_fd : out_write,
			    run->log_fd > 0 ? run->log_fd : err_write},
		    &child, error))
		return false;
	strake_fd_clear(&in_read);
	strake_fd_clear(&out_write);
	strake_fd_clear(&err_write);
	outs[0] = (StrakePumpOut){.fd = out_read, .bytes = out_bytes};
	outs[1] = (StrakePumpOut){.fd = err_read, .bytes = err_bytes, .keep = STDERR_KEEP_BYTES};
	if (!strake_pump(strake_fd_steal(&in_write), run->input, outs, 2, child, error)) {
		kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
		return false;
	}
	if (!strake_wait_child(child, run->argv[0], &status, error) || !strake_cancel_check(error))
		return false;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && run->exit_status == NULL))
		return strake_run_status_error(run->argv[0], status, err_bytes, error);
	if (run->exit_status != NULL)
		*run->exit_status = WEXITSTATUS(status);
	if (out_stdout != NULL)
		*out_stdout = g_byte_array_free_to_bytes(g_steal_pointer(&out_bytes));
	return true;
}

bool strake_run_argv(const char *const *argv, GError **error)
{
	const StrakeRun run = {.argv = argv};

	return strake_run(&run, NULL, error);
}
