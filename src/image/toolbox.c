// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The sandbox that the tools of an image build share.
#include "image/toolbox.h"

#include "base/sandbox.h"

bool strake_toolbox_run(const StrakeToolbox *toolbox, const char *const *argv, int input_fd,
	GBytes **out, GError **error)
{
	g_autofree char *epoch =
		g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, toolbox->time_s);
	const char *env[] = {epoch, "TZ=UTC", "LC_ALL=C.UTF-8", "MTOOLS_SKIP_CHECK=1",
		"TMPDIR=" STRAKE_TOOLBOX_WORK, NULL};
	const StrakeSandboxBind binds[] = {
		{.source = toolbox->work, .target = STRAKE_TOOLBOX_WORK, .writable = true},
	};
	const StrakeSandbox sandbox = {
		.root = toolbox->root,
		.root_read_only = true,
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds),
		.cwd = STRAKE_TOOLBOX_WORK,
		.env = env,
		.proc = true,
		.dev = true,
		.tmp = true,
	};
	const StrakeRun run = {.argv = argv, .input_fd = input_fd};

	return strake_sandbox_run(&sandbox, &run, out, error);
}
