// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Builds on a Slurm cluster: one job a task, the needs as Slurm's dependencies. All machines see
// the same directories; Slurm decides what runs where and runs a lost machine's job again.
#pragma once

#include "build/executor.h"

/**
 * strake_slurm_run: as a StrakeExecutor's. No job starts before all of them were accepted. On a
 * signal, and when Slurm stops answering, the jobs that have not ended are cancelled.
 * Errors: NOT_FOUND, FAILED (no cluster, a job that it refuses), CANCELLED.
 */
bool strake_slurm_run(StrakeBuildRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
