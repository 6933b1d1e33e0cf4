// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A graph of test programs on a Slurm cluster, for test_slurm.py: the executor by itself.
//     slurm_graph DIR [--keep-going]
// DIR/graph has one line a task, "NAME NEED...", in an order that respects the needs. A task's
// program is `DIR/work NAME`; it leaves DIR/results/NAME, a result of a build.
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/progress.h"
#include "build/slurm.h"

static void changed(const StrakeBuildTask *task, void *data)
{
	printf("%s %s\n", task->name, strake_node_state_name(task->state));
	fflush(stdout);
}

// The strings are never freed: they live as long as the program.
static StrakeBuildTask *read_task(const char *dir, const char *line)
{
	char **words = g_strsplit(line, " ", -1);
	char **argv = g_new0(char *, 3);
	StrakeBuildTask *task = g_new0(StrakeBuildTask, 1);

	argv[0] = g_build_filename(dir, "work", NULL);
	argv[1] = words[0];
	task->name = words[0];
	task->needs = (const char *const *)words + 1;
	task->argv = (const char *const *)argv;
	task->result_path = g_build_filename(dir, "results", words[0], NULL);
	return task;
}

int main(int argc, char **argv)
{
	StrakeBuildRun run = {.changed = changed};
	g_autofree char *path = argc > 1 ? g_build_filename(argv[1], "graph", NULL) : NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;
	bool done;

	if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
		return 2;
	strake_cancel_install();
	strake_progress_set_quiet(true);
	run.keep_going = argc > 2 && strcmp(argv[2], "--keep-going") == 0;
	run.tasks = g_ptr_array_new();
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		g_ptr_array_add(run.tasks, read_task(argv[1], *line));
	done = strake_slurm_run(&run, &error);
	for (guint i = 0; i < run.tasks->len; i++) {
		const StrakeBuildTask *task = g_ptr_array_index(run.tasks, i);

		printf("end: %s %s%s%s\n", task->name, strake_node_state_name(task->state),
			task->message != NULL ? ": " : "",
			task->message != NULL ? task->message : "");
	}
	if (!done)
		fprintf(stderr, "error: %s\n", error->message);
	return done ? 0 : 1;
}
