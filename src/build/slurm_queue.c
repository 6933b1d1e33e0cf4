// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// sbatch, scontrol, squeue and scancel, by argument vector.
#include "build/slurm_queue.h"

#include <string.h>

#include "base/error.h"
#include "base/run.h"

enum { IDS_AT_ONCE = 500 };

// The reason is last: it alone is free text.
#define QUEUE_FORMAT "--format=%i|%T|%N|%r"

typedef struct {
	const char *name;
	StrakeSlurmState state;
	const char *why;
} State;

static const State states[] = {
	{"PENDING", STRAKE_SLURM_WAITING, NULL},
	{"CONFIGURING", STRAKE_SLURM_WAITING, NULL},
	{"REQUEUED", STRAKE_SLURM_WAITING, NULL},
	{"REQUEUE_FED", STRAKE_SLURM_WAITING, NULL},
	{"RUNNING", STRAKE_SLURM_RUNNING, NULL},
	{"COMPLETING", STRAKE_SLURM_RUNNING, NULL},
	{"SIGNALING", STRAKE_SLURM_RUNNING, NULL},
	{"STAGE_OUT", STRAKE_SLURM_RUNNING, NULL},
	{"RESIZING", STRAKE_SLURM_RUNNING, NULL},
	{"STOPPED", STRAKE_SLURM_RUNNING, NULL},
	{"SUSPENDED", STRAKE_SLURM_RUNNING, NULL},
	{"COMPLETED", STRAKE_SLURM_DONE, NULL},
	{"FAILED", STRAKE_SLURM_FAILED, NULL},
	{"SPECIAL_EXIT", STRAKE_SLURM_FAILED, NULL},
	{"LAUNCH_FAILED", STRAKE_SLURM_FAILED, "its program could not be started"},
	{"TIMEOUT", STRAKE_SLURM_FAILED, "it reached its time limit"},
	{"DEADLINE", STRAKE_SLURM_FAILED, "it reached its deadline"},
	{"OUT_OF_MEMORY", STRAKE_SLURM_FAILED, "it used more memory than it was given"},
	{"CANCELLED", STRAKE_SLURM_FAILED, "somebody cancelled it"},
	{"REVOKED", STRAKE_SLURM_FAILED, "Slurm took it back"},
	{"REQUEUE_HOLD", STRAKE_SLURM_FAILED, "Slurm holds it back after it could not be started"},
	{"NODE_FAIL", STRAKE_SLURM_LOST, "its machine was lost"},
	{"BOOT_FAIL", STRAKE_SLURM_LOST, "its machine could not be started"},
	{"PREEMPTED", STRAKE_SLURM_LOST, "its machine was taken for other work"},
};

void strake_slurm_line_clear(StrakeSlurmLine *line)
{
	g_clear_pointer(&line->machine, g_free);
	g_clear_pointer(&line->reason, g_free);
}

static bool parse_id(const char *text, uint32_t *out)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &value, NULL))
		return false;
	*out = (uint32_t)value;
	return true;
}

static const State *find_state(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	return NULL;
}

static bool parse_line(const char *text, GArray *out, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "|", 4);
	const State *state;
	StrakeSlurmLine line = {0};

	if (g_strv_length(parts) != 4)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"squeue printed '%s'; expected 'job|state|machine|reason'", text);
	if (!parse_id(parts[0], &line.id))
		return true;
	state = find_state(parts[1]);
	if (state == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"job %s is in state '%s', which this strake does not know", parts[0],
			parts[1]);
	line.state = state->state;
	line.why = state->why;
	line.machine = g_strdup(parts[2]);
	line.reason = g_strdup(parts[3]);
	g_array_append_val(out, line);
	return true;
}

GArray *strake_slurm_parse(const char *text, GError **error)
{
	g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(StrakeSlurmLine));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	g_array_set_clear_func(out, (GDestroyNotify)strake_slurm_line_clear);
	for (char **line = lines; *line != NULL; line++)
		if (**line != '\0' && !parse_line(*line, out, error))
			return NULL;
	return g_steal_pointer(&out);
}

// -- the programs

// In its words: "sbatch failed with status 1: sbatch: error: ...".
static bool run(const char *const *argv, char **out_text, GError **error)
{
	static const char *const env[] = {"LC_ALL=C", NULL};
	g_autoptr(GBytes) bytes = NULL;

	if (!strake_run(&(StrakeRun){.argv = argv, .env = env}, &bytes, error))
		return false;
	if (out_text != NULL)
		*out_text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return true;
}

bool strake_slurm_check(GError **error)
{
	static const char *const programs[] = {"sbatch", "squeue", "scancel", "scontrol", NULL};
	const char *argv[] = {"squeue", "--noheader", "--me", QUEUE_FORMAT, NULL};
	const char *config = g_getenv("SLURM_CONF");

	for (size_t i = 0; programs[i] != NULL; i++) {
		g_autofree char *path = g_find_program_in_path(programs[i]);

		if (path == NULL)
			return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"building on a cluster needs Slurm's program '%s': install the "
				"package slurm-client",
				programs[i]);
	}
	// Slurm itself would look for it for a minute.
	if (config != NULL && !g_file_test(config, G_FILE_TEST_EXISTS))
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"$SLURM_CONF names '%s', which does not exist", config);
	if (run(argv, NULL, error))
		return true;
	g_prefix_error(error, "Slurm does not answer (is slurmctld running, and $SLURM_CONF or "
			      "/etc/slurm/slurm.conf right?): ");
	return false;
}

static void add(GPtrArray *argv, char *word)
{
	g_ptr_array_add(argv, word);
}

static char *dependency(const StrakeSlurmJob *job)
{
	GString *text = g_string_new("--dependency=afterok");

	for (size_t i = 0; i < job->n_after; i++)
		g_string_append_printf(text, ":%u", job->after[i]);
	return g_string_free(text, FALSE);
}

bool strake_slurm_submit(const StrakeSlurmJob *job, uint32_t *out_id, GError **error)
{
	static const char *const fixed[] = {"sbatch", "--parsable", "--requeue",
		"--kill-on-invalid-dep=yes", "--job-name=strake-build", "--nodes=1", "--ntasks=1",
		"--open-mode=append"};
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		add(argv, g_strdup(fixed[i]));
	add(argv, g_strdup_printf("--output=%s", job->output));
	add(argv, g_strdup_printf("--chdir=%s", job->dir));
	add(argv, g_strdup_printf("--error=%s", job->output));
	if (job->cpus > 0)
		add(argv, g_strdup_printf("--cpus-per-task=%u", job->cpus));
	add(argv, job->n_after > 0 ? dependency(job) : g_strdup("--hold"));
	add(argv, g_strdup(job->script));
	for (const char *const *word = job->argv; *word != NULL; word++)
		add(argv, g_strdup(*word));
	add(argv, NULL);
	if (!run((const char *const *)argv->pdata, &text, error))
		return false;
	text[strcspn(text, ";\n")] = '\0'; // "ID;CLUSTER"
	return parse_id(text, out_id) ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "sbatch printed '%s'; expected the number of a job", text);
}

static char *join_ids(const uint32_t *ids, size_t n)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, "%s%u", i > 0 ? "," : "", ids[i]);
	return g_string_free(text, FALSE);
}

bool strake_slurm_release(const uint32_t *ids, size_t n, GError **error)
{
	for (size_t i = 0; i < n; i += IDS_AT_ONCE) {
		g_autofree char *list = join_ids(ids + i, MIN(n - i, IDS_AT_ONCE));
		const char *argv[] = {"scontrol", "release", list, NULL};

		if (!run(argv, NULL, error))
			return false;
	}
	return true;
}

GArray *strake_slurm_queue(GError **error)
{
	const char *argv[] = {"squeue", "--noheader", "--me", "--states=all", QUEUE_FORMAT, NULL};
	g_autofree char *text = NULL;

	return run(argv, &text, error) ? strake_slurm_parse(text, error) : NULL;
}

void strake_slurm_cancel(const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i += IDS_AT_ONCE) {
		size_t some = MIN(n - i, IDS_AT_ONCE);
		g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);

		add(argv, g_strdup("scancel"));
		add(argv, g_strdup("--quiet"));
		for (size_t k = 0; k < some; k++)
			add(argv, g_strdup_printf("%u", ids[i + k]));
		add(argv, NULL);
		// Not strake_run, which ends its programs when a signal asks us to stop: this is
		// what has to be done then.
		g_spawn_sync(NULL, (char **)argv->pdata, NULL,
			G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
				G_SPAWN_STDERR_TO_DEV_NULL,
			NULL, NULL, NULL, NULL, NULL, NULL);
	}
}
