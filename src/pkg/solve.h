// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which packages of which repositories make a set of wishes true (libsolv). The choice is
// deterministic: it depends on the repositories' content and the job alone.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** A package in a repository on disk. */
typedef struct {
	char *name;
	char *evr; // "[epoch:]version-release"
	char *arch;
	char *nevra;  // "name-[epoch:]version-release.arch"
	char *repo;   // name of its repository
	char *path;   // absolute path of the package file
	char *sha256; // of the file, from the metadata
	char *why; // "asked for" or the nevra of the first package that needs it, or recommends it
	uint64_t download_bytes;
	uint64_t installed_bytes;
} StrakePackage;

/** One wish, with who has it, for messages. */
typedef struct {
	const char *what; // name, glob, provide ("webserver"), relation ("curl >= 8"), "/path",
			  // or alternatives ("(dnf5 or dnf)": the first that there is)
	const char *from; // "image 'vm-base'" or NULL
} StrakeWish;

typedef struct {
	const StrakeWish *install;
	size_t n_install;
	const StrakeWish *exclude; // never chosen; names or globs
	size_t n_exclude;
	const char *exclude_not_in; // the repository where @exclude does not count, or NULL
	bool recommends;            // follow weak dependencies too
} StrakeSolveJob;

typedef struct StrakeSolver StrakeSolver;

/** strake_solver_new: @architecture: NULL: "x86_64". */
StrakeSolver *strake_solver_new(const char *architecture);
void strake_solver_free(StrakeSolver *solver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSolver, strake_solver_free)

/**
 * strake_solver_add_repo: reads the rpm-md metadata in @dir (the folder that holds repodata),
 * checking every metadata file against repomd.xml's digests.
 * @priority: higher wins over a newer version elsewhere; 0 is usual
 */
bool strake_solver_add_repo(StrakeSolver *solver, const char *name, const char *dir, int priority,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_solver_add_primary: the same without its file lists, which are most of the memory: paths
 * other than those of programs and settings are then not known. */
bool strake_solver_add_primary(StrakeSolver *solver, const char *name, const char *dir,
	int priority, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_solver_add_text_repo: a repository in libsolv's testcase text ("=Pkg: a 1 1 noarch"),
 * for tests and experiments. */
bool strake_solver_add_text_repo(StrakeSolver *solver, const char *name, const char *text,
	int priority, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_solver_solve: may be called again with another job.
 * Returns StrakePackage in installation order (what is needed comes first), free with
 * g_ptr_array_unref; NULL on error.
 * Errors: NOT_FOUND (a wish that nothing matches, with the nearest name), FAILED (a conflict,
 * explained in several lines).
 */
GPtrArray *strake_solver_solve(
	StrakeSolver *solver, const StrakeSolveJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_solver_has: whether any package answers to the wish @what. */
bool strake_solver_has(StrakeSolver *solver, const char *what);

/** strake_solver_list: every package of every repository, in repository order, without reasons;
 * StrakePackage, free with g_ptr_array_unref. */
GPtrArray *strake_solver_list(StrakeSolver *solver);

void strake_package_free(StrakePackage *package);
