// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Submits a graph, then follows the queue until every node has come to an end.
#include "build/slurm.h"

#include <fcntl.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "build/result.h"
#include "build/slurm_queue.h"

enum {
	POLL_FIRST_US = 250000,
	POLL_LAST_US = 4000000, // when nothing has changed for a while
	SLICE_US = 100000,      // how soon a signal is seen
	SILENCE_MAX_US = 120 * G_USEC_PER_SEC,
	LOST_POLLS_MAX = 8, // for Slurm to put a lost machine's job into the queue again
	OUTPUT_MAX_BYTES = 64 << 20,
	TAIL_BYTES = 2000,
};

// Slurm gives the job's arguments to the script as they are: nothing is quoted or expanded.
static const char script_text[] = "#!/bin/sh\nexec \"$@\"\n";

typedef struct {
	StrakeBuildTask *task;
	uint32_t id;
	char *output; // file
	char *machine;
	char *reason; // why it waits, as far as that was told
	guint lost;   // polls since its machine was lost
} Job;

typedef struct {
	StrakeBuildRun *run;
	GPtrArray *jobs;     // of Job, in the order of the tasks
	GHashTable *by_name; // task -> Job
	char *dir;           // takes the script and what the jobs print
	char *script;
	guint open; // jobs that have not ended
	bool stop;
} Farm;

static void job_free(gpointer data)
{
	Job *job = data;

	g_free(job->output);
	g_free(job->machine);
	g_free(job->reason);
	g_free(job);
}

static void farm_clear(Farm *farm)
{
	g_clear_pointer(&farm->by_name, g_hash_table_unref);
	g_clear_pointer(&farm->jobs, g_ptr_array_unref);
	g_clear_pointer(&farm->dir, g_free);
	g_clear_pointer(&farm->script, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Farm, farm_clear)

static bool has_ended(const Job *job)
{
	return job->task->state != STRAKE_NODE_WAITING && job->task->state != STRAKE_NODE_RUNNING;
}

static void set_state(Farm *farm, Job *job, StrakeNodeState state, const char *message)
{
	StrakeBuildTask *task = job->task;

	if (task->state == state)
		return;
	task->state = state;
	g_free(task->message);
	task->message = g_strdup(message);
	farm->open -= has_ended(job) ? 1 : 0;
	if (farm->run->changed != NULL)
		farm->run->changed(task, farm->run->data);
}

// -- submitting

static bool write_script(Farm *farm, GError **error)
{
	farm->script = g_build_filename(farm->dir, "job.sh", NULL);
	return strake_path_remove_tree(AT_FDCWD, farm->dir, error) &&
	       strake_path_mkdirs(AT_FDCWD, farm->dir, error) &&
	       strake_file_write_at(
		       AT_FDCWD, farm->script, script_text, strlen(script_text), 0755, error);
}

static bool submit_one(Farm *farm, Job *job, GError **error)
{
	const StrakeBuildTask *task = job->task;
	size_t n = g_strv_length((char **)task->needs);
	g_autofree uint32_t *after = g_new0(uint32_t, n + 1);
	const StrakeSlurmJob what = {.script = farm->script,
		.argv = task->argv,
		.output = job->output,
		.dir = farm->dir,
		.cpus = farm->run->jobs,
		.after = after,
		.n_after = n};

	for (size_t i = 0; i < n; i++)
		after[i] = ((const Job *)g_hash_table_lookup(farm->by_name, task->needs[i]))->id;
	if (strake_slurm_submit(&what, &job->id, error))
		return true;
	g_prefix_error(error, "Slurm does not take the job of '%s': ", task->name);
	return false;
}

static void add_jobs(Farm *farm)
{
	for (guint i = 0; i < farm->run->tasks->len; i++) {
		Job *job = g_new0(Job, 1);

		job->task = g_ptr_array_index(farm->run->tasks, i);
		job->task->state = STRAKE_NODE_WAITING;
		// Names of tasks are not ours; numbers are safe in a file name.
		job->output = g_strdup_printf("%s/job-%u.out", farm->dir, i);
		g_ptr_array_add(farm->jobs, job);
		g_hash_table_insert(farm->by_name, (char *)job->task->name, job);
	}
	farm->open = farm->jobs->len;
}

static bool submit_all(Farm *farm, GError **error)
{
	g_autoptr(GArray) held = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(StrakeProgress) progress = strake_progress_new("submit", farm->jobs->len, false);

	for (guint i = 0; i < farm->jobs->len; i++) {
		Job *job = g_ptr_array_index(farm->jobs, i);

		if (!strake_cancel_check(error) || !submit_one(farm, job, error))
			return false;
		if (*job->task->needs == NULL)
			g_array_append_val(held, job->id);
		strake_progress_add(progress, 1, job->task->name);
	}
	return strake_slurm_release((const uint32_t *)(void *)held->data, held->len, error);
}

// -- ending

// Slurm knows as well that the jobs of @job's users can never run, and drops them.
static void skip_users(Farm *farm, const Job *job)
{
	for (guint i = 0; i < farm->jobs->len; i++) {
		Job *user = g_ptr_array_index(farm->jobs, i);
		g_autofree char *message = NULL;

		if (has_ended(user) || !g_strv_contains(user->task->needs, job->task->name))
			continue;
		message = g_strdup_printf("'%s' %s", job->task->name,
			job->task->state == STRAKE_NODE_FAILED ? "failed" : "was skipped");
		set_state(farm, user, STRAKE_NODE_SKIPPED, message);
		skip_users(farm, user);
	}
}

static void cancel_jobs(Farm *farm, bool running_too)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (guint i = 0; i < farm->jobs->len; i++) {
		Job *job = g_ptr_array_index(farm->jobs, i);

		if (has_ended(job) || (!running_too && job->task->state == STRAKE_NODE_RUNNING))
			continue;
		if (job->id != 0)
			g_array_append_val(ids, job->id);
		set_state(farm, job, STRAKE_NODE_SKIPPED, "the run was stopped");
	}
	strake_slurm_cancel((const uint32_t *)(void *)ids->data, ids->len);
}

static void fail(Farm *farm, Job *job, const char *why)
{
	set_state(farm, job, STRAKE_NODE_FAILED, why);
	skip_users(farm, job);
	if (!farm->run->keep_going && !farm->stop) {
		farm->stop = true;
		cancel_jobs(farm, false);
	}
}

// The last lines of what it printed; an error of strake without its prefix.
static char *last_words(const Job *job)
{
	g_autoptr(GBytes) bytes =
		strake_file_read_at(AT_FDCWD, job->output, OUTPUT_MAX_BYTES, NULL);
	size_t size = 0;
	const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
	size_t skipped = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
	g_autofree char *tail = g_strndup(data != NULL ? data + skipped : "", size - skipped);
	g_autofree char *text = g_strchomp(g_utf8_make_valid(tail, -1));
	const char *said = g_strrstr(text, "strake: error: ");

	if (*text == '\0')
		return g_strdup("it printed nothing");
	return g_strdup(said != NULL ? said + strlen("strake: error: ") : text);
}

// @why: Slurm's reason; NULL: its program failed.
static void fail_on(Farm *farm, Job *job, const char *why)
{
	g_autofree char *words = why == NULL ? last_words(job) : NULL;
	g_autofree char *place = job->machine != NULL && *job->machine != '\0'
					 ? g_strdup_printf(" on %s", job->machine)
					 : g_strdup("");
	g_autofree char *message = g_strdup_printf("job %u%s: %s; its output is in '%s'", job->id,
		place, why != NULL ? why : words, job->output);

	fail(farm, job, message);
}

// What its program wrote down about the build. False: nothing.
static bool take_result(Farm *farm, Job *job, GError **error)
{
	g_autofree char *failure = NULL;
	g_autoptr(StrakeBuildResult) result =
		strake_build_result_load(job->task->result_path, &failure, error);

	if (result == NULL)
		return false;
	if (failure != NULL)
		fail(farm, job, failure);
	else
		set_state(farm, job, result->cached ? STRAKE_NODE_CACHED : STRAKE_NODE_DONE, NULL);
	return true;
}

static void on_done(Farm *farm, Job *job)
{
	g_autoptr(GError) error = NULL;

	if (!take_result(farm, job, &error))
		fail(farm, job, error->message);
}

static void on_failed(Farm *farm, Job *job, const char *why)
{
	if (why != NULL || !take_result(farm, job, NULL))
		fail_on(farm, job, why);
}

// -- following the queue

static void on_running(Farm *farm, Job *job, const StrakeSlurmLine *line)
{
	g_free(job->machine);
	job->machine = g_strdup(line->machine);
	set_state(farm, job, STRAKE_NODE_RUNNING, NULL);
}

static bool is_one_of(const char *word, const char *const *list)
{
	return g_strv_contains(list, word);
}

// What a waiting job waits for, unless that is its turn: said once, or its end.
static void on_reason(Farm *farm, Job *job, const char *reason)
{
	static const char *const usual[] = {"None", "", "Priority", "Resources", "Dependency",
		"BeginTime", "Cleaning", "Prolog", NULL};
	static const char *const hopeless[] = {"JobHeldAdmin", "JobHeldUser", "JobLaunchFailure",
		"launch failed requeued held", "PartitionTimeLimit", "PartitionNodeLimit",
		"BadConstraints", NULL};
	g_autofree char *why = NULL;

	if (is_one_of(reason, usual) || g_strcmp0(reason, job->reason) == 0)
		return;
	g_free(job->reason);
	job->reason = g_strdup(reason);
	if (!is_one_of(reason, hopeless)) {
		strake_say("%s waits; Slurm's reason: %s", job->task->name, reason);
		return;
	}
	why = g_strdup_printf("Slurm will not run it: %s", reason);
	fail_on(farm, job, why);
	strake_slurm_cancel(&job->id, 1);
}

// From running back to waiting: Slurm runs it again, because its machine is gone.
static void on_waiting(Farm *farm, Job *job, const char *reason)
{
	on_reason(farm, job, reason);
	if (job->task->state != STRAKE_NODE_RUNNING)
		return;
	strake_warn("%s: Slurm lost it on machine %s and runs it again", job->task->name,
		job->machine != NULL && *job->machine != '\0' ? job->machine : "?");
	job->lost = 0;
	set_state(farm, job, STRAKE_NODE_WAITING, NULL);
}

static void follow_job(Farm *farm, Job *job, const StrakeSlurmLine *line)
{
	if (*line->machine != '\0' && g_strcmp0(line->machine, job->machine) != 0) {
		g_free(job->machine);
		job->machine = g_strdup(line->machine);
	}
	// A short job can be over before it was ever seen running.
	if (line->state == STRAKE_SLURM_DONE || line->state == STRAKE_SLURM_FAILED)
		set_state(farm, job, STRAKE_NODE_RUNNING, NULL);
	switch (line->state) {
	case STRAKE_SLURM_WAITING:
		on_waiting(farm, job, line->reason);
		break;
	case STRAKE_SLURM_RUNNING:
		on_running(farm, job, line);
		break;
	case STRAKE_SLURM_LOST:
		if (++job->lost > LOST_POLLS_MAX)
			fail_on(farm, job, line->why);
		break;
	case STRAKE_SLURM_DONE:
		on_done(farm, job);
		break;
	case STRAKE_SLURM_FAILED:
		on_failed(farm, job, line->why);
		break;
	}
}

// Slurm forgets ended jobs after its MinJobAge; what such a job left behind tells.
static void on_forgotten(Farm *farm, Job *job)
{
	if (!take_result(farm, job, NULL))
		fail_on(farm, job, "it is gone from the queue and left no result");
}

static bool needs_open(const Farm *farm, const Job *job)
{
	for (const char *const *need = job->task->needs; *need != NULL; need++)
		if (!has_ended(g_hash_table_lookup(farm->by_name, *need)))
			return true;
	return false;
}

static bool is_alive(const StrakeSlurmLine *line)
{
	return line != NULL &&
	       (line->state == STRAKE_SLURM_WAITING || line->state == STRAKE_SLURM_RUNNING);
}

static void follow_one(Farm *farm, Job *job, const StrakeSlurmLine *line)
{
	// Slurm drops a job as soon as something that it needs failed; that is told first.
	if (line != NULL && line->state == STRAKE_SLURM_FAILED && needs_open(farm, job))
		return;
	if (line != NULL)
		follow_job(farm, job, line);
	else
		on_forgotten(farm, job);
}

// What runs comes first: an end may stop all that does not. Then in the order of the tasks, so
// that a failure is seen before what follows from it.
static void follow_queue(Farm *farm, const GArray *lines)
{
	g_autoptr(GHashTable) by_id = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < lines->len; i++) {
		StrakeSlurmLine *line = &g_array_index(lines, StrakeSlurmLine, i);

		g_hash_table_insert(by_id, GUINT_TO_POINTER(line->id), line);
	}
	for (guint i = 0; i < 2 * farm->jobs->len; i++) {
		Job *job = g_ptr_array_index(farm->jobs, i % farm->jobs->len);
		const StrakeSlurmLine *line = g_hash_table_lookup(by_id, GUINT_TO_POINTER(job->id));
		bool first_round = i < farm->jobs->len;

		if (!has_ended(job) && is_alive(line) == first_round)
			follow_one(farm, job, line);
	}
}

static bool pause_for(gulong us, GError **error)
{
	for (gulong done = 0; done < us; done += SLICE_US) {
		if (!strake_cancel_check(error))
			return false;
		g_usleep(SLICE_US);
	}
	return true;
}

// One look at the queue. A controller that restarts may be silent for a while.
static bool look(Farm *farm, gint64 *last_answer_us, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GArray) lines = strake_slurm_queue(&cause);

	if (lines != NULL) {
		*last_answer_us = g_get_monotonic_time();
		follow_queue(farm, lines);
		return true;
	}
	if (!strake_cancel_check(error))
		return false;
	if (g_error_matches(cause, STRAKE_ERROR, STRAKE_ERROR_FAILED) &&
		g_get_monotonic_time() - *last_answer_us < SILENCE_MAX_US)
		return true;
	g_propagate_prefixed_error(
		error, g_steal_pointer(&cause), "Slurm does not answer any more: ");
	return false;
}

static bool follow(Farm *farm, GError **error)
{
	gint64 last_answer_us = g_get_monotonic_time();
	gulong wait_us = POLL_FIRST_US;

	while (farm->open > 0) {
		guint open = farm->open;

		if (!pause_for(wait_us, error) || !look(farm, &last_answer_us, error))
			return false;
		wait_us = farm->open < open ? POLL_FIRST_US
					    : MIN(wait_us + wait_us / 2, POLL_LAST_US);
	}
	return true;
}

bool strake_slurm_run(StrakeBuildRun *run, GError **error)
{
	g_auto(Farm) farm = {.run = run};
	g_autofree char *results = NULL;
	bool done;

	if (run->tasks->len == 0)
		return true;
	results = g_path_get_dirname(
		((const StrakeBuildTask *)g_ptr_array_index(run->tasks, 0))->result_path);
	farm.dir = g_build_filename(results, "slurm", NULL);
	farm.jobs = g_ptr_array_new_with_free_func(job_free);
	farm.by_name = g_hash_table_new(g_str_hash, g_str_equal);
	if (strchr(farm.dir, '%') != NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"the directory '%s' has a '%%' in its name, which Slurm would expand",
			farm.dir);
	add_jobs(&farm);
	done = strake_slurm_check(error) && write_script(&farm, error) &&
	       submit_all(&farm, error) && follow(&farm, error);
	if (!done)
		cancel_jobs(&farm, true);
	return done;
}
