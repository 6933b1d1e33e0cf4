// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Slurm by its own programs: jobs in, their states out. What a job is to have (partition, account,
// memory, time limit...) is taken from Slurm's own environment variables for sbatch.
// Format: sbatch(1), squeue(1), "JOB STATE CODES".
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
	STRAKE_SLURM_WAITING,
	STRAKE_SLURM_RUNNING,
	STRAKE_SLURM_LOST, // with its machine; Slurm may put it in the queue again
	STRAKE_SLURM_DONE,
	STRAKE_SLURM_FAILED,
} StrakeSlurmState;

/** One line of the queue. */
typedef struct {
	uint32_t id;
	StrakeSlurmState state;
	const char *why; // FAILED: in words, static; NULL: its program failed
	char *machine;   // "" while it waits
	char *reason;    // Slurm's word for why it waits
} StrakeSlurmLine;

void strake_slurm_line_clear(StrakeSlurmLine *line);

/** strake_slurm_parse: the output of squeue in our format; an array of StrakeSlurmLine. Lines of
 * job arrays, which we do not make, are passed over. Errors: INVALID. */
GArray *strake_slurm_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_slurm_check: whether there is a cluster that answers. Errors: NOT_FOUND (no Slurm on this
 * machine), FAILED with its words. */
bool strake_slurm_check(GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	const char *script;      // file that runs its arguments
	const char *const *argv; // those arguments
	const char *output;      // file that takes what it prints; no '%'
	const char *dir;         // where it runs
	unsigned cpus;           // 0: the cluster's default
	const uint32_t *after;   // jobs that must have ended well
	size_t n_after;          // 0: the job is held until strake_slurm_release
} StrakeSlurmJob;

/** strake_slurm_submit: Errors: FAILED with Slurm's words. */
bool strake_slurm_submit(
	const StrakeSlurmJob *job, uint32_t *out_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool strake_slurm_release(const uint32_t *ids, size_t n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_slurm_queue: our user's jobs, the ended ones as long as Slurm remembers them. */
GArray *strake_slurm_queue(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_slurm_cancel: these jobs and no others; works after Ctrl-C too. Those that have ended do
 * not matter, nor does an error: there is nothing more to be done. */
void strake_slurm_cancel(const uint32_t *ids, size_t n);
