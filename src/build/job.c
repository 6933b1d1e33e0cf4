// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The steps of one build, and the memo that makes a second one free. Each key is the digest of all
// that the answer depends on:
//
//     build-facts      sources, buildroot                    -> static BuildRequires, packages
//     build-dynamic    sources, what those bring             -> dynamic BuildRequires
//     build            sources, all that is installed        -> packages and log
#include "build/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "build/environment.h"
#include "build/job_private.h"
#include "build/result.h"
#include "build/rpmbuild.h"
#include "image/root.h"
#include "render/prepare.h"

enum { DYNAMIC_ROUNDS = 10 };

typedef struct {
	const StrakeBuildSetup *setup;
	const char *component;
	unsigned stage;
	StrakeFileTree *tree;
	char *spec;
	char *digest; // of the tree
	bool dynamic; // has %generate_buildrequires
	int64_t time_s;
	StrakeBuildBase *base;
	StrakeBuildPool *pool;
	StrakeBuildFacts *facts;
	char **wanted;      // BuildRequires known so far
	GPtrArray *present; // of StrakePackage: what has to be installed for @wanted
	char *print;        // of @present and the sources
	char *log;
	strake_fd log_fd;
	StrakeBuildroot *root; // made when it is needed
	GHashTable *installed; // SHA-256 of packages that are in @root
	StrakeRpmbuild rpmbuild;
} Job;

static void job_clear(Job *job)
{
	strake_buildroot_free(job->root);
	strake_file_tree_free(job->tree);
	strake_build_base_free(job->base);
	strake_build_pool_free(job->pool);
	strake_build_facts_free(job->facts);
	g_strfreev(job->wanted);
	g_clear_pointer(&job->present, g_ptr_array_unref);
	g_clear_pointer(&job->installed, g_hash_table_unref);
	g_free(job->spec);
	g_free(job->digest);
	g_free(job->print);
	g_free(job->log);
	strake_fd_clear(&job->log_fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

// -- the sources

static bool take_sources(Job *job, GError **error)
{
	g_autoptr(StrakePick) pick =
		strake_pick(job->setup->workspace, job->component, STRAKE_PICK_FINGERPRINT, error);
	const StrakeFileTreeEntry *spec;

	if (pick == NULL)
		return false;
	job->tree = strake_prepare_sources(job->setup->workspace, pick, NULL, error);
	if (job->tree == NULL)
		return false;
	job->spec = g_strconcat(job->component, ".spec", NULL);
	spec = strake_file_tree_get(job->tree, job->spec);
	if (spec == NULL)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no '%s' in its sources", job->spec);
	strake_build_read_spec(spec->content, &job->dynamic, &job->time_s);
	strake_build_add_key(job->tree, spec->content, job->setup->public_keys);
	job->digest = strake_build_tree_digest(job->tree);
	return true;
}

// -- the tree to build in

char *strake_build_log_path(const StrakeBuildSetup *setup, const char *component, unsigned stage)
{
	g_autofree char *name = g_strdup_printf(
		"%s.stage%u%s.log", component, stage, setup->suffix != NULL ? setup->suffix : "");

	return g_build_filename(setup->log_dir, name, NULL);
}

static bool need_root(Job *job, GError **error)
{
	const StrakeBuildrootOptions options = {
		.base = job->base->tree, .parent = job->setup->work_dir, .copy = job->setup->copy};

	if (job->root != NULL)
		return true;
	job->log_fd = open(job->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (job->log_fd < 0)
		return strake_error_errno(error, errno, "create", job->log);
	job->root = strake_buildroot_new(&options, error);
	if (job->root == NULL)
		return false;
	job->installed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < job->base->packages->len; i++)
		g_hash_table_add(job->installed,
			g_strdup(((const StrakePackage *)job->base->packages->pdata[i])->sha256));
	job->rpmbuild = (StrakeRpmbuild){.root = job->root,
		.spec = job->spec,
		.log_fd = job->log_fd,
		.jobs = job->setup->jobs > 0 ? job->setup->jobs : g_get_num_processors(),
		.time_s = job->time_s};
	return strake_rpmbuild_prepare(&job->rpmbuild, job->tree, error);
}

// What @job->present has more than the tree.
static bool install(Job *job, GError **error)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new();

	for (guint i = 0; i < job->present->len; i++) {
		const StrakePackage *package = job->present->pdata[i];

		if (g_hash_table_add(job->installed, g_strdup(package->sha256)))
			g_ptr_array_add(missing, job->present->pdata[i]);
	}
	return strake_buildroot_install(
		job->root, missing, job->setup->public_keys, job->time_s, error);
}

// What went wrong stands in the log.
static bool run(Job *job, StrakeRpmbuildStep step, bool *out_missing, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (strake_rpmbuild_run(&job->rpmbuild, step, out_missing, &cause))
		return true;
	if (!g_error_matches(cause, STRAKE_ERROR, STRAKE_ERROR_FAILED)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	return strake_build_explain(job->log, job->setup->workspace, job->component,
		strake_file_tree_get(job->tree, job->spec)->content, cause->message, error);
}

// -- BuildRequires

// All that @job->wanted brings.
static bool solve(Job *job, GError **error)
{
	g_autofree char *from = g_strdup_printf("component '%s'", job->component);
	g_autofree char *installed = NULL;
	g_autoptr(GPtrArray) present =
		strake_build_pool_solve(job->pool, (const char *const *)job->wanted, from, error);

	if (present == NULL)
		return false;
	g_clear_pointer(&job->present, g_ptr_array_unref);
	job->present = g_steal_pointer(&present);
	installed = strake_root_digest(job->present);
	g_free(job->print);
	job->print = strake_build_key(
		(const char *const[]){"present", job->digest, job->base->digest, installed, NULL});
	return true;
}

// "r NAME >= EVR" and "p NAME" a line.
static void take_facts(char **lines, StrakeBuildFacts *facts)
{
	g_autoptr(GPtrArray) requires = g_ptr_array_new();
	g_autoptr(GPtrArray) provides = g_ptr_array_new();

	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line, "r "))
			g_ptr_array_add(requires, g_strdup(*line + 2));
		else if (g_str_has_prefix(*line, "p "))
			g_ptr_array_add(provides, g_strdup(*line + 2));
	}
	g_ptr_array_add(requires, NULL);
	g_ptr_array_add(provides, NULL);
	facts->requires = (char **)g_ptr_array_free(g_steal_pointer(&requires), FALSE);
	facts->provides = (char **)g_ptr_array_free(g_steal_pointer(&provides), FALSE);
}

static char **ask_facts(Job *job, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	g_auto(GStrv) requires = NULL;
	g_auto(GStrv) provides = NULL;

	if (!need_root(job, error) || !run(job, STRAKE_RPMBUILD_SOURCE, NULL, error))
		return NULL;
	requires = strake_rpmbuild_requires(&job->rpmbuild, STRAKE_RPMBUILD_SOURCE, error);
	provides = requires != NULL ? strake_rpmbuild_provides(&job->rpmbuild, error) : NULL;
	if (provides == NULL)
		return NULL;
	for (char **name = requires; *name != NULL; name++)
		g_ptr_array_add(lines, g_strconcat("r ", *name, NULL));
	for (char **name = provides; *name != NULL; name++)
		g_ptr_array_add(lines, g_strconcat("p ", *name, NULL));
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}

static bool find_facts(Job *job, GError **error)
{
	StrakeStore *store = job->setup->workspace->store;
	g_autofree char *key = strake_build_key(
		(const char *const[]){"facts", job->digest, job->base->digest, NULL});
	g_auto(GStrv) lines = strake_build_recall_lines(store, "build-facts", key);

	if (lines == NULL) {
		lines = ask_facts(job, error);
		if (lines == NULL ||
			!strake_build_keep_lines(store, "build-facts", key, lines, error))
			return false;
	}
	job->facts = g_new0(StrakeBuildFacts, 1);
	job->facts->component = g_strdup(job->component);
	take_facts(lines, job->facts);
	job->wanted = g_strdupv(job->facts->requires);
	return true;
}

// Asks rpmbuild until what it wants is there. The first answer may depend on nothing but what the
// static ones bring, so that the whole can be remembered by that.
static bool dynamic_requires(Job *job, GError **error)
{
	StrakeStore *store = job->setup->workspace->store;
	g_autofree char *key = g_strdup(job->print);
	char **known = strake_build_recall_lines(store, "build-dynamic", key);
	bool missing = true;

	if (known != NULL) {
		g_strfreev(job->wanted);
		job->wanted = known;
		return solve(job, error);
	}
	for (int round = 0; missing; round++) {
		char **answer;

		if (round == DYNAMIC_ROUNDS)
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"%%generate_buildrequires still asks for more after %d rounds; see "
				"%s",
				DYNAMIC_ROUNDS, job->log);
		if (!need_root(job, error) || !install(job, error) ||
			!run(job, STRAKE_RPMBUILD_DYNAMIC, &missing, error))
			return false;
		answer = strake_rpmbuild_requires(&job->rpmbuild, STRAKE_RPMBUILD_DYNAMIC, error);
		if (answer == NULL)
			return false;
		g_strfreev(job->wanted);
		job->wanted = answer;
		if (!solve(job, error))
			return false;
	}
	return strake_build_keep_lines(store, "build-dynamic", key, job->wanted, error);
}

// -- results

static bool collect(Job *job, StrakeBuildResult *result, GError **error)
{
	StrakeStore *store = job->setup->workspace->store;
	g_autoptr(GPtrArray) paths = strake_rpmbuild_results(&job->rpmbuild, error);
	g_auto(strake_fd) dir_fd = -1;

	if (paths == NULL ||
		!strake_path_open_dir(AT_FDCWD, strake_buildroot_dir(job->root), &dir_fd, error))
		return false;
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GBytes) bytes = strake_file_map_at(dir_fd, paths->pdata[i], error);
		StrakeBuiltPackage *package;
		g_autofree char *sha256 = NULL;

		if (bytes == NULL || !strake_store_add(store, g_bytes_get_data(bytes, NULL),
					     g_bytes_get_size(bytes), &sha256, error))
			return false;
		package = g_new0(StrakeBuiltPackage, 1);
		package->file_name = g_path_get_basename(paths->pdata[i]);
		package->sha256 = g_steal_pointer(&sha256);
		package->source = g_str_has_suffix(package->file_name, ".src.rpm");
		g_ptr_array_add(result->packages, package);
	}
	if (result->packages->len < 2)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"no package was made: does the spec file have %%files? See %s", job->log);
	return true;
}

static bool build(Job *job, StrakeBuildResult *result, GError **error)
{
	StrakeStore *store = job->setup->workspace->store;
	gint64 start_us = g_get_monotonic_time();

	if (!need_root(job, error) || !install(job, error) ||
		!run(job, STRAKE_RPMBUILD_ALL, NULL, error) || !collect(job, result, error) ||
		(!job->setup->trial &&
			!strake_build_keep(store, job->print, result, job->log, error)))
		return false;
	result->seconds = (double)(g_get_monotonic_time() - start_us) / G_USEC_PER_SEC;
	return true;
}

static bool begin(Job *job, GError **error)
{
	job->log = strake_build_log_path(job->setup, job->component, job->stage);
	if (!take_sources(job, error) || !strake_path_mkdirs(AT_FDCWD, job->setup->log_dir, error))
		return false;
	job->base = strake_build_base(job->setup, error);
	return job->base != NULL && find_facts(job, error);
}

static bool do_build(Job *job, GPtrArray *own, StrakeBuildResult *result, GError **error)
{
	if (!begin(job, error))
		return false;
	job->pool = strake_build_pool_new(job->setup, own, job->stage > 1, error);
	if (job->pool == NULL || !solve(job, error) ||
		(job->dynamic && !dynamic_requires(job, error)))
		return false;
	if (!job->setup->force && !job->setup->trial &&
		strake_build_recall(job->setup->workspace->store, job->print, result, job->log)) {
		result->cached = true;
		return true;
	}
	return build(job, result, error);
}

StrakeBuildResult *strake_build_component(const StrakeBuildSetup *setup, const char *component,
	unsigned stage, GPtrArray *own, GError **error)
{
	g_auto(Job) job = {.setup = setup, .component = component, .stage = stage, .log_fd = -1};
	g_autoptr(StrakeBuildResult) result = strake_build_result_new(component, stage);

	if (!do_build(&job, own, result, error)) {
		g_prefix_error(error, "component '%s': ", component);
		return NULL;
	}
	result->fingerprint = g_steal_pointer(&job.print);
	result->log = g_steal_pointer(&job.log);
	return g_steal_pointer(&result);
}

StrakeBuildFacts *strake_build_facts(
	const StrakeBuildSetup *setup, const char *component, GError **error)
{
	g_auto(Job) job = {.setup = setup, .component = component, .stage = 1, .log_fd = -1};

	if (!begin(&job, error)) {
		g_prefix_error(error, "component '%s': ", component);
		return NULL;
	}
	return g_steal_pointer(&job.facts);
}

void strake_build_facts_free(StrakeBuildFacts *facts)
{
	if (facts == NULL)
		return;
	g_free(facts->component);
	g_strfreev(facts->requires);
	g_strfreev(facts->provides);
	g_free(facts);
}
