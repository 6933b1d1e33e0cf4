// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Subprocesses over GSubprocess; the tail of standard error goes into the GError.
#include "base/run.h"

#include <gio/gio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"

// The last few lines say why a program failed; the rest would bury it.
static char *tail_of(GBytes *bytes)
{
	enum { KEEP = 2000 };
	size_t size = 0;
	const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
	size_t skip = size > KEEP ? size - KEEP : 0;
	g_autofree char *raw = data != NULL ? g_strndup(data + skip, size - skip) : g_strdup("");

	g_strchomp(raw);
	return g_utf8_make_valid(raw, -1);
}

static GSubprocess *spawn(const StrakeRun *run, bool want_stdout, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDERR_PIPE |
		(want_stdout ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : G_SUBPROCESS_FLAGS_STDOUT_SILENCE) |
		(run->input != NULL ? G_SUBPROCESS_FLAGS_STDIN_PIPE : G_SUBPROCESS_FLAGS_NONE));

	if (run->cwd != NULL)
		g_subprocess_launcher_set_cwd(launcher, run->cwd);
	if (run->clear_env) {
		const char *path = g_getenv("PATH");
		g_autofree char *kept =
			g_strconcat("PATH=", path != NULL ? path : "/usr/bin", NULL);
		char *only_path[] = {kept, NULL};
		g_subprocess_launcher_set_environ(launcher, only_path);
	}
	for (const char *const *pair = run->env; pair != NULL && *pair != NULL; pair++) {
		const char *equals = strchr(*pair, '=');
		g_autofree char *name = NULL;

		g_return_val_if_fail(equals != NULL, NULL);
		name = g_strndup(*pair, (size_t)(equals - *pair));
		g_subprocess_launcher_setenv(launcher, name, equals + 1, TRUE);
	}
	return g_subprocess_launcher_spawnv(launcher, run->argv, error);
}

static bool status_error(GSubprocess *process, const char *name, GBytes *err_bytes, GError **error)
{
	g_autofree char *tail = tail_of(err_bytes);
	const char *gap = *tail != '\0' ? ": " : "";

	if (g_subprocess_get_if_signaled(process))
		return strake_error_set(error, STRAKE_ERROR_FAILED, "%s was ended by signal %d%s%s",
			name, g_subprocess_get_term_sig(process), gap, tail);
	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s failed with status %d%s%s", name,
		g_subprocess_get_exit_status(process), gap, tail);
}

bool strake_run(const StrakeRun *run, GBytes **out_stdout, GError **error)
{
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GBytes) out = NULL;
	g_autoptr(GBytes) err = NULL;
	const char *name = run->argv[0];

	process = spawn(run, out_stdout != NULL, error);
	if (process == NULL) {
		g_prefix_error(error, "run %s: ", name);
		return false;
	}
	if (!g_subprocess_communicate(
		    process, run->input, NULL, out_stdout != NULL ? &out : NULL, &err, error)) {
		g_prefix_error(error, "run %s: ", name);
		return false;
	}
	if (!strake_cancel_check(error))
		return false;
	if (!g_subprocess_get_successful(process))
		return status_error(process, name, err, error);
	if (out_stdout != NULL)
		*out_stdout = g_steal_pointer(&out);
	return true;
}

bool strake_run_argv(const char *const *argv, GError **error)
{
	const StrakeRun run = {.argv = argv};

	return strake_run(&run, NULL, error);
}
