// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The inside of StrakeSolver, shared by solve.c, solve_repo.c and explain.c.
#pragma once

#include <glib.h>
#include <solv/pool.h>
#include <solv/solver.h>
#include <stdbool.h>

#include "pkg/solve.h"

struct StrakeSolver {
	Pool *pool;
	bool provides_ready;
};

/** The job as libsolv sees it: job pair i belongs to wish wish_of[i]. */
typedef struct {
	const StrakeSolveJob *job;
	Queue pairs;
	GArray *wish_of; // of guint
} StrakeSolverJob;

/** strake_solver_explain: sets @error to the reasons of @solver's problems, in sentences, and to
 * what would solve them; always false. */
bool strake_solver_explain(Solver *solver, const StrakeSolverJob *job, GError **error);
