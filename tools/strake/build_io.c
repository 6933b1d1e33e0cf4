// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Setting up builds.
#include "build_io.h"

#include <unistd.h>

#include "base/error.h"
#include "base/progress.h"
#include "format/rpm_read.h"
#include "project_packages.h"
#include "repo/publish.h"
#include "upstream/upstream.h"

// All that is locked, also what is not published.
static char *make_repository(const StrakeGlobals *globals, const BuildIoOptions *options,
	const BuildIo *io, GError **error)
{
	g_autoptr(GHashTable) inherited =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const ProjectPackagesOptions what = {.upstream = options->upstream,
		.follow = options->follow,
		.build = true,
		.inherited = inherited};
	const StrakePublishOptions how = {
		.jobs = (unsigned)MAX(globals->jobs, 0), .public_keys = io->public_keys};
	g_autoptr(GPtrArray) packages = project_packages(
		globals, io->work->project, io->work->store, io->keys, &what, error);
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(StrakePublishItem));
	g_autofree char *out = g_build_filename(io->out_dir, "repo", NULL);
	StrakePublishResult result = {0};

	if (packages == NULL)
		return NULL;
	for (guint i = 0; i < packages->len; i++) {
		const StrakePublishItem item = {.sha256 = packages->pdata[i],
			.inherited = g_hash_table_contains(inherited, packages->pdata[i])};

		g_array_append_val(items, item);
	}
	if (!strake_repo_publish(io->work->store, io->keys,
		    (const StrakePublishItem *)(const void *)items->data, items->len, out, &how,
		    &result, error))
		return NULL;
	return result.path;
}

BuildIo *build_io_open(const StrakeGlobals *globals, const BuildIoOptions *options,
	ComponentWork *work, GError **error)
{
	g_autoptr(BuildIo) io = g_new0(BuildIo, 1);
	const char *store = strake_store_path(work->store);

	io->work = work;
	work->ws->upstream = options->upstream;
	work->ws->upstream_mode = options->follow ? STRAKE_UPSTREAM_FOLLOW : STRAKE_UPSTREAM_LOCKED;
	io->out_dir = g_build_filename(strake_project_output_dir(work->project), "build", NULL);
	io->log_dir = g_build_filename(io->out_dir, "logs", NULL);
	io->work_dir = g_build_filename(store, "build", NULL);
	io->keys = strake_keys_open(options->keys, NULL, error);
	if (io->keys == NULL)
		return NULL;
	io->public_keys = strake_upstream_keys(
		work->project, options->upstream, strake_keys_public(io->keys), error);
	if (io->public_keys == NULL)
		return NULL;
	io->repository = options->repository != NULL
				 ? g_canonicalize_filename(options->repository, NULL)
				 : make_repository(globals, options, io, error);
	if (io->repository == NULL)
		return NULL;
	io->setup = (StrakeBuildSetup){.workspace = work->ws,
		.keys = io->keys,
		.public_keys = io->public_keys,
		.repository = io->repository,
		.work_dir = io->work_dir,
		.log_dir = io->log_dir,
		.jobs = (unsigned)MAX(globals->jobs, 0),
		.force = options->force};
	return g_steal_pointer(&io);
}

void build_io_free(BuildIo *io)
{
	if (io == NULL)
		return;
	strake_keys_free(io->keys);
	g_free(io->public_keys);
	g_free(io->repository);
	g_free(io->out_dir);
	g_free(io->work_dir);
	g_free(io->log_dir);
	g_free(io);
}

char **build_io_names(StrakeProject *project, GError **error)
{
	g_auto(GStrv) all = strake_project_component_names(project);
	g_autoptr(GStrvBuilder) out = g_strv_builder_new();

	if (strake_project_info(project)->build_groups == NULL)
		return g_strv_builder_end(out);
	for (char **name = all; *name != NULL; name++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, *name, error);

		if (component == NULL)
			return NULL;
		if (strake_project_is_built(project, component))
			g_strv_builder_add(out, *name);
	}
	return g_strv_builder_end(out);
}

static void add_option(GStrvBuilder *words, const char *name, const char *value)
{
	g_autofree char *word = value != NULL ? g_strconcat(name, "=", value, NULL) : NULL;

	if (word != NULL)
		g_strv_builder_add(words, word);
}

// The command that a process for one build begins with; absolute paths only.
static char **make_command(
	const StrakeGlobals *globals, const BuildIoOptions *options, const BuildIo *io)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *store = g_canonicalize_filename(strake_store_path(io->work->store), NULL);
	g_autofree char *jobs = g_strdup_printf("%d", globals->jobs);

	g_strv_builder_add(words, self != NULL ? self : "strake");
	add_option(words, "--project", strake_project_root(io->work->project));
	add_option(words, "--store", store);
	if (globals->offline)
		g_strv_builder_add(words, "--offline");
	if (globals->jobs > 0)
		add_option(words, "--jobs", jobs);
	g_strv_builder_add(words, "--quiet");
	g_strv_builder_add(words, "build");
	add_option(words, "--keys", strake_keys_dir(io->keys));
	add_option(words, "--upstream", options->upstream);
	if (options->follow)
		g_strv_builder_add(words, "--follow");
	return g_strv_builder_end(words);
}

GPtrArray *build_io_run(const StrakeGlobals *globals, const BuildIoOptions *options, BuildIo *io,
	char *const *names, const BuildIoRun *run, GError **error)
{
	g_auto(GStrv) more = build_io_names(io->work->project, error);
	g_auto(GStrv) command = make_command(globals, options, io);
	StrakeBuildOrder order = {.setup = &io->setup,
		.names = names,
		.more = more,
		.stages = run->stages,
		.jobs = (unsigned)MAX(globals->jobs, 0),
		.keep_going = run->keep_going,
		.left_out = run->left_out,
		.out_dir = io->out_dir,
		.command = (const char *const *)command};

	g_autoptr(GPtrArray) outcomes = NULL;

	order.executor = more != NULL ? strake_executor_find(run->executor, error) : NULL;
	outcomes = order.executor != NULL ? strake_build_drive(&order, error) : NULL;
	if (outcomes == NULL || (run->differences != NULL && !strake_build_again(&order, outcomes,
								     run->differences, error)))
		return NULL;
	return g_steal_pointer(&outcomes);
}

bool build_io_error(const GPtrArray *outcomes, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < outcomes->len; i++) {
		const StrakeBuildOutcome *outcome = outcomes->pdata[i];

		if (outcome->state == STRAKE_NODE_FAILED)
			g_string_append_printf(
				text, "%s%s", text->len > 0 ? "\n" : "", outcome->message);
	}
	return text->len == 0 || strake_error_set(error, STRAKE_ERROR_FAILED, "%s", text->str);
}

// -- in place of upstream's

static StrakeRpm *read_package(StrakeStore *store, const char *sha256, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, sha256, error);

	return bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
}

// The names that the package takes: its own, and those that it obsoletes.
static void add_taken(GHashTable *taken, const StrakeRpm *rpm)
{
	static const uint32_t tags[] = {STRAKE_RPMTAG_NAME, STRAKE_RPMTAG_OBSOLETENAME};

	for (size_t t = 0; t < G_N_ELEMENTS(tags); t++)
		for (size_t i = 0; i < strake_rpm_header_count(rpm->header, tags[t]); i++)
			g_hash_table_add(
				taken, g_strdup(strake_rpm_header_string(rpm->header, tags[t], i)));
}

static bool replace(
	StrakeStore *store, const GPtrArray *outcomes, GPtrArray *packages, GError **error)
{
	g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) ours = g_ptr_array_new();

	for (guint i = 0; i < outcomes->len; i++) {
		const StrakeBuildOutcome *outcome = outcomes->pdata[i];

		if (outcome->result == NULL || !outcome->node->final)
			continue;
		for (guint k = 0; k < outcome->result->packages->len; k++) {
			const StrakeBuiltPackage *package = outcome->result->packages->pdata[k];
			g_autoptr(StrakeRpm) rpm = NULL;

			if (package->source)
				continue;
			rpm = read_package(store, package->sha256, error);
			if (rpm == NULL)
				return false;
			add_taken(taken, rpm);
			g_ptr_array_add(ours, package->sha256);
		}
	}
	for (guint i = packages->len; i-- > 0;) {
		g_autoptr(StrakeRpm) rpm = read_package(store, packages->pdata[i], error);
		const char *name;

		if (rpm == NULL)
			return false;
		name = strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_NAME, 0);
		if (name != NULL && g_hash_table_contains(taken, name))
			g_ptr_array_remove_index(packages, i);
	}
	for (guint i = 0; i < ours->len; i++)
		g_ptr_array_add(packages, g_strdup(ours->pdata[i]));
	return true;
}

// A repository does not wait for what the definitions call expensive: `strake build` makes it.
static char **cheap_names(StrakeProject *project, GError **error)
{
	g_auto(GStrv) all = build_io_names(project, error);
	g_autoptr(GStrvBuilder) out = g_strv_builder_new();

	for (char **name = all; name != NULL && *name != NULL; name++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, *name, error);

		if (component == NULL)
			return NULL;
		if (!component->build.hints.expensive)
			g_strv_builder_add(out, *name);
	}
	return all != NULL ? g_strv_builder_end(out) : NULL;
}

// The mirror moves every day, and with it what our overlays stand on; that upstream's own package
// is published for a while is said, not hidden.
static void warn_of_left_out(const GPtrArray *left_out, const GPtrArray *outcomes)
{
	for (guint i = 0; i < left_out->len; i++)
		strake_warn("not built, upstream's package is published instead: %s",
			(const char *)left_out->pdata[i]);
	for (guint i = 0; i < outcomes->len; i++) {
		const StrakeBuildOutcome *outcome = outcomes->pdata[i];

		if (outcome->message != NULL)
			strake_warn("not built, upstream's package is published instead: %s",
				outcome->message);
	}
}

bool build_io_replace(const StrakeGlobals *globals, const BuildIoOptions *options,
	GPtrArray *packages, GError **error)
{
	g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
	const BuildIoRun run = {.stages = STRAKE_BUILD_STAGES_AUTO,
		.keep_going = options->follow,
		.left_out = options->follow ? left_out : NULL};
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_auto(GStrv) names = work != NULL ? cheap_names(work->project, error) : NULL;
	g_autoptr(BuildIo) io = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;

	if (names == NULL)
		return false;
	if (*names == NULL)
		return true;
	io = build_io_open(globals, options, work, error);
	outcomes = io != NULL ? build_io_run(globals, options, io, names, &run, error) : NULL;
	if (outcomes == NULL || (!options->follow && !build_io_error(outcomes, error)))
		return false;
	warn_of_left_out(left_out, outcomes);
	return replace(work->store, outcomes, packages, error);
}
