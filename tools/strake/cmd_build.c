// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake build: components from source.
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "build/result.h"
#include "build_io.h"
#include "cli/json.h"
#include "cli/table.h"
#include "commands.h"

typedef struct {
	char *keys;
	char *upstream;
	char *executor;
	char *repository;
	char *only;
	char *result;
	char **with;
	int stage;
	gboolean all;
	gboolean follow;
	gboolean force;
	gboolean keep_going;
	gboolean json;
	gboolean verify;
} BuildOpts;

static const StrakeOpt build_opts[] = {
	{'a', "all", STRAKE_OPT_FLAG, offsetof(BuildOpts, all), NULL,
		"all components of the project's build-groups"},
	{'f', "force", STRAKE_OPT_FLAG, offsetof(BuildOpts, force), NULL,
		"build even when nothing changed"},
	{'k', "keep-going", STRAKE_OPT_FLAG, offsetof(BuildOpts, keep_going), NULL,
		"go on with what does not need a failed build"},
	{0, "stage", STRAKE_OPT_INT, offsetof(BuildOpts, stage), "N",
		"1: against upstream's packages; 2: all against our own (as needed)"},
	{0, "executor", STRAKE_OPT_STRING, offsetof(BuildOpts, executor), "NAME",
		"who runs the builds: local (the default) or slurm"},
	{0, "verify", STRAKE_OPT_FLAG, offsetof(BuildOpts, verify), NULL,
		"build a second time under other conditions and compare the bytes"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(BuildOpts, json), NULL, "print JSON"},
	{0, "keys", STRAKE_OPT_STRING, offsetof(BuildOpts, keys), "DIR",
		"the project's keys ($STRAKE_KEYS, or the user's data directory)"},
	{0, "upstream", STRAKE_OPT_STRING, offsetof(BuildOpts, upstream), "NAME",
		"upstream of the buildroot's packages (the project's default)"},
	{0, "follow", STRAKE_OPT_FLAG, offsetof(BuildOpts, follow), NULL,
		"take what the mirror has now instead of the lock"},
	{0, "repository", STRAKE_OPT_STRING, offsetof(BuildOpts, repository), "DIR",
		"install from this repository instead of making one"},
	{0, "only", STRAKE_OPT_STRING, offsetof(BuildOpts, only), "NAME",
		"for executors: build this one here, without what it needs"},
	{0, "with", STRAKE_OPT_LIST, offsetof(BuildOpts, with), "FILE",
		"with --only: result of a build whose packages may be installed"},
	{0, "result", STRAKE_OPT_STRING, offsetof(BuildOpts, result), "FILE",
		"with --only: where the result goes"},
	{0},
};

// -- one build for an executor

static bool build_only(BuildIo *io, const BuildOpts *o, GError **error)
{
	static char *const none[] = {NULL};
	unsigned stage = o->stage > 0 ? (unsigned)o->stage : 1;
	g_autoptr(GPtrArray) own =
		strake_build_load_packages(o->with != NULL ? o->with : (char *const *)none, error);
	g_autoptr(StrakeBuildResult) result = NULL;
	g_autoptr(GError) failure = NULL;

	if (own == NULL)
		return false;
	result = strake_build_component(&io->setup, o->only, stage, own, &failure);
	if (result != NULL)
		return o->result == NULL ||
		       strake_build_result_store(result, NULL, o->result, error);
	if (o->result != NULL) {
		g_autoptr(StrakeBuildResult) none_built = strake_build_result_new(o->only, stage);

		if (!strake_build_result_store(none_built, failure->message, o->result, error))
			return false;
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

// -- the report

static void print_table(const GPtrArray *outcomes)
{
	g_autoptr(StrakeTable) table = strake_table_new(
		"COMPONENT", ">STAGE", "STATE", ">SECONDS", ">PACKAGES", "LOG", NULL);

	for (guint i = 0; i < outcomes->len; i++) {
		const StrakeBuildOutcome *outcome = outcomes->pdata[i];
		const StrakeBuildResult *result = outcome->result;
		g_autofree char *stage = g_strdup_printf("%u", outcome->node->stage);
		g_autofree char *seconds =
			result != NULL ? g_strdup_printf("%.1f", result->seconds) : NULL;
		g_autofree char *packages =
			result != NULL ? g_strdup_printf("%u", result->packages->len) : NULL;
		const char *const cells[] = {outcome->node->component, stage,
			strake_node_state_name(outcome->state), seconds, packages, outcome->log};

		strake_table_add(table, cells);
	}
	strake_table_print(table, stdout);
}

static void print_one(JsonBuilder *json, const StrakeBuildOutcome *outcome)
{
	const StrakeBuildResult *result = outcome->result;

	json_builder_begin_object(json);
	strake_json_string(json, "component", outcome->node->component);
	json_builder_set_member_name(json, "stage");
	json_builder_add_int_value(json, outcome->node->stage);
	strake_json_string(json, "state", strake_node_state_name(outcome->state));
	json_builder_set_member_name(json, "seconds");
	json_builder_add_double_value(json, result != NULL ? result->seconds : 0);
	json_builder_set_member_name(json, "packages");
	json_builder_begin_array(json);
	for (guint i = 0; result != NULL && i < result->packages->len; i++)
		json_builder_add_string_value(
			json, ((const StrakeBuiltPackage *)result->packages->pdata[i])->file_name);
	json_builder_end_array(json);
	strake_json_string(json, "log", outcome->log);
	strake_json_string(json, "error", outcome->message);
	json_builder_end_object(json);
}

static void print_json(const GPtrArray *outcomes)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_array(json);
	for (guint i = 0; i < outcomes->len; i++)
		print_one(json, outcomes->pdata[i]);
	json_builder_end_array(json);
	strake_json_print(json);
}

static bool check_differences(const GPtrArray *differences, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (differences->len == 0) {
		strake_say("the second builds gave the same bytes");
		return true;
	}
	for (guint i = 0; i < differences->len; i++)
		g_string_append_printf(text, "\n  %s", (const char *)differences->pdata[i]);
	return strake_error_set(error, STRAKE_ERROR_FAILED,
		"a second build gave other bytes; these files differ:%s", text->str);
}

// -- the command

static bool check_options(const BuildOpts *o, char **args, GError **error)
{
	if (o->stage < 0 || o->stage > 2)
		return strake_error_set(error, STRAKE_ERROR_USAGE,
			"there are stages 1 and 2, no stage %d", o->stage);
	if (o->only == NULL && (o->result != NULL || o->with != NULL))
		return strake_error_set(
			error, STRAKE_ERROR_USAGE, "--result and --with belong to --only");
	if (o->only != NULL && (*args != NULL || o->all))
		return strake_error_set(error, STRAKE_ERROR_USAGE,
			"--only builds one component; give no other names");
	return true;
}

static char **chosen(ComponentWork *work, const BuildOpts *o, char **args, GError **error)
{
	g_auto(GStrv) names = NULL;

	if (!o->all || *args != NULL)
		return component_work_names(work, args, o->all, error);
	names = build_io_names(work->project, error);
	if (names != NULL && *names == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the project builds no components: name groups of them in 'build-groups' "
			"of "
			"[project]");
		return NULL;
	}
	return g_steal_pointer(&names);
}

static bool run_build(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const BuildOpts *o = opts;
	const BuildIoOptions options = {.keys = o->keys,
		.upstream = o->upstream,
		.repository = o->repository,
		.follow = o->follow,
		.force = o->force};
	g_autoptr(GPtrArray) differences =
		o->verify ? g_ptr_array_new_with_free_func(g_free) : NULL;
	const BuildIoRun run = {.stages = (StrakeBuildStages)o->stage,
		.executor = o->executor,
		.keep_going = o->keep_going,
		.differences = differences};
	g_autoptr(ComponentWork) work = NULL;
	g_autoptr(BuildIo) io = NULL;
	g_auto(GStrv) names = NULL;
	g_autoptr(GPtrArray) outcomes = NULL;

	if (!check_options(o, args, error))
		return false;
	work = component_work_open(globals, error);
	if (work == NULL)
		return false;
	names = o->only == NULL ? chosen(work, o, args, error) : NULL;
	if (o->only == NULL && names == NULL)
		return false;
	io = build_io_open(globals, &options, work, error);
	if (io == NULL)
		return false;
	if (o->only != NULL)
		return build_only(io, o, error);
	outcomes = build_io_run(globals, &options, io, names, &run, error);
	if (outcomes == NULL)
		return false;
	if (o->json)
		print_json(outcomes);
	else
		print_table(outcomes);
	return build_io_error(outcomes, error) &&
	       (differences == NULL || check_differences(differences, error));
}

const StrakeCmd strake_cmd_build = {
	.name = "build",
	.args = "[NAME...]",
	.summary = "build components from source",
	.details = "Renders each component, installs what its spec asks for on top of the image "
		   "'buildroot', which is composed from the project's own packages, and runs "
		   "rpmbuild there, without network. Components of the build-groups that others "
		   "need are built before them. The packages go to out/build/packages/NAME beside "
		   "the project file, rpmbuild's output to out/build/logs. What was built from the "
		   "same inputs is not built again. Ends with a table of all builds.",
	.min_args = 0,
	.max_args = -1,
	.opts = build_opts,
	.opts_size = sizeof(BuildOpts),
	.run = run_build,
};
