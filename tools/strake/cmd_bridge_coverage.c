// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake bridge coverage: how much of the lock, or of a random sample of the archive, is imported
// without loss. It analyses scripts; packages are not converted.
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "bridge/script_deb.h"
#include "bridge_io.h"
#include "cli/json.h"
#include "commands.h"
#include "format/deb_file.h"
#include "upstream/deb_archive.h"
#include "upstream/upstream.h"

// Larger packages (debug symbols, game data) say little and cost much.
enum { MAX_SAMPLED_BYTES = 60 << 20, N_CLASSES = 4 };

typedef struct {
	char *upstream;
	int sample;
	int seed;
	gboolean json;
} CoverageOpts;

static const StrakeOpt coverage_opts[] = {
	{0, "upstream", STRAKE_OPT_STRING, offsetof(CoverageOpts, upstream), "NAME",
		"which upstream (default: the project's)"},
	{0, "sample", STRAKE_OPT_INT, offsetof(CoverageOpts, sample), "N",
		"N packages drawn from the archive instead of the lock"},
	{0, "seed", STRAKE_OPT_INT, offsetof(CoverageOpts, seed), "S", "which sample (default 1)"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(CoverageOpts, json), NULL, "print JSON"},
	{0},
};

typedef struct {
	const StrakePin *pin;
	int class; // -1: the .deb cannot be read
	char *why; // first unhandled command, or the error
} Verdict;

typedef struct {
	StrakeStore *store;
	Verdict *verdicts;
	StrakeProgress *progress;
} Run;

static bool judge(size_t index, void *data, GError **error)
{
	Run *run = data;
	Verdict *verdict = &run->verdicts[index];
	g_autoptr(GError) local = NULL;
	g_autoptr(GBytes) bytes = strake_store_map_object(run->store, verdict->pin->sha256, error);
	g_autoptr(StrakeDebFile) deb = NULL;
	g_autoptr(StrakeScriptPlan) plan = NULL;

	if (bytes == NULL)
		return false;
	deb = strake_deb_file_open(bytes, verdict->pin->name, &local);
	plan = deb != NULL ? strake_script_analyse_deb(deb, &local) : NULL;
	verdict->class = plan != NULL ? (int)strake_script_plan_class(plan) : -1;
	if (plan == NULL) {
		verdict->why = g_strdup(local->message);
	} else if (strake_script_plan_n_unhandled(plan) > 0) {
		const StrakeScriptUnhandled *u = strake_script_plan_unhandled(plan, 0);
		verdict->why = g_strdup_printf(
			"%s:%u: %s", strake_script_kind_name(u->script), u->line, u->why);
	}
	strake_progress_add(run->progress, 1, verdict->pin->name);
	return true;
}

/* @count different packages of @index, the same ones for the same seed and index. */
static bool draw(const StrakeDebIndex *index, unsigned count, unsigned seed, GPtrArray *out,
	unsigned *out_skipped, GError **error)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(seed);
	uint32_t size = strake_deb_index_size(index);
	g_autofree uint32_t *order = g_new(uint32_t, size + 1);

	for (uint32_t i = 0; i < size; i++)
		order[i] = i;
	for (uint32_t i = 0; i < size && i < count; i++) {
		uint32_t other = i + g_rand_int(random) % (size - i), swap = order[i];
		g_autoptr(StrakeDebPackage) package = NULL;

		order[i] = order[other];
		order[other] = swap;
		package = strake_deb_index_package(index, order[i], error);
		if (package == NULL)
			return false;
		if (package->size > MAX_SAMPLED_BYTES)
			(*out_skipped)++;
		else
			g_ptr_array_add(out, strake_upstream_pin(package));
	}
	return true;
}

static bool sample(const StrakeGlobals *globals, const CoverageOpts *opts, BridgeContext *context,
	const StrakeUpstream *upstream, GPtrArray **out, GError **error)
{
	g_autoptr(StrakeAptConfig) config =
		globals->offline ? NULL : strake_apt_config_load(upstream, error);
	const StrakeDebArchiveOptions how = {.offline = globals->offline};
	g_autoptr(StrakeDebArchive) archive = NULL;
	g_autoptr(GPtrArray) pins = g_ptr_array_new_with_free_func((GDestroyNotify)strake_pin_free);
	unsigned skipped = 0;

	if (config == NULL && !globals->offline)
		return false;
	archive =
		strake_deb_archive_open(context->store, upstream, config, &how, time(NULL), error);
	if (archive == NULL || !draw(archive->index, opts->sample, opts->seed > 0 ? opts->seed : 1,
				       pins, &skipped, error))
		return false;
	if (skipped > 0)
		strake_say("%u drawn packages are larger than %d MB and left out", skipped,
			MAX_SAMPLED_BYTES >> 20);
	*out = g_steal_pointer(&pins);
	return true;
}

static bool get_pins(const StrakeGlobals *globals, const CoverageOpts *opts, BridgeContext *context,
	GPtrArray **out, GError **error)
{
	StrakeUpstreamOptions options = {.offline = globals->offline};
	const StrakeUpstream *upstream =
		strake_project_upstream(context->project, opts->upstream, error);

	if (upstream == NULL)
		return false;
	if (!(opts->sample > 0 ? sample(globals, opts, context, upstream, out, error)
			       : strake_upstream_select(context->project, context->store, upstream,
					 &options, out, error)))
		return false;
	return strake_upstream_fetch(
		context->project, context->store, upstream, &options, *out, error);
}

static const char *const class_texts[N_CLASSES] = {
	"no maintainer script",
	"made by debhelper, or folds to nothing",
	"written by hand, every command understood",
	"needs an overlay",
};

static void print_text(const Verdict *verdicts, guint count)
{
	unsigned classes[N_CLASSES] = {0}, broken = 0;

	for (guint i = 0; i < count; i++) {
		if (verdicts[i].class < 0)
			broken++;
		else
			classes[verdicts[i].class]++;
		if (verdicts[i].why != NULL)
			printf("%-32s %s\n", verdicts[i].pin->name, verdicts[i].why);
	}
	printf("\nclass  packages\n");
	for (int i = 0; i < N_CLASSES; i++)
		printf("%d      %6u %5.1f %%  %s\n", i, classes[i], 100.0 * classes[i] / count,
			class_texts[i]);
	if (broken > 0)
		printf("-      %6u %5.1f %%  cannot be read\n", broken, 100.0 * broken / count);
	printf("%u packages, %.1f %% without loss (0 and 1), %.1f %% automatic (0 to 2)\n", count,
		100.0 * (classes[0] + classes[1]) / count,
		100.0 * (classes[0] + classes[1] + classes[2]) / count);
}

static void print_json(const Verdict *verdicts, guint count)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_array(b);
	for (guint i = 0; i < count; i++) {
		json_builder_begin_object(b);
		json_builder_set_member_name(b, "name");
		json_builder_add_string_value(b, verdicts[i].pin->name);
		json_builder_set_member_name(b, "version");
		json_builder_add_string_value(b, verdicts[i].pin->version);
		json_builder_set_member_name(b, "class");
		json_builder_add_int_value(b, verdicts[i].class);
		if (verdicts[i].why != NULL) {
			json_builder_set_member_name(b, "why");
			json_builder_add_string_value(b, verdicts[i].why);
		}
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
	strake_json_print(b);
}

static bool run_coverage(
	const StrakeGlobals *globals, const void *opts_data, char **args, GError **error)
{
	const CoverageOpts *opts = opts_data;
	g_auto(BridgeContext) context = {0};
	g_autoptr(GPtrArray) pins = NULL;
	g_autofree Verdict *verdicts = NULL;
	Run run = {0};
	bool done;

	if (opts->sample < 0 || opts->seed < 0)
		return strake_error_set(
			error, STRAKE_ERROR_USAGE, "--sample and --seed take positive numbers");
	if (!bridge_open(globals, true, NULL, &context, error) ||
		!get_pins(globals, opts, &context, &pins, error))
		return false;
	verdicts = g_new0(Verdict, pins->len + 1);
	for (guint i = 0; i < pins->len; i++)
		verdicts[i].pin = pins->pdata[i];
	run.store = context.store;
	run.verdicts = verdicts;
	run.progress = strake_progress_new("analyse", pins->len, false);
	done = strake_parallel_for(pins->len, globals->jobs, judge, &run, error);
	strake_progress_end(run.progress);
	if (done && opts->json)
		print_json(verdicts, pins->len);
	else if (done)
		print_text(verdicts, pins->len);
	for (guint i = 0; i < pins->len; i++)
		g_free(verdicts[i].why);
	return done;
}

const StrakeCmd strake_cmd_bridge_coverage = {
	.name = "bridge coverage",
	.summary = "count how much of the upstream is imported without loss",
	.details = "Sorts packages into classes by their maintainer scripts: none, made by "
		   "debhelper, understood, in need of an overlay. Overlays are not looked at: the "
		   "figure is what the bridge does by itself. Without --sample the packages of the "
		   "lock are counted.",
	.min_args = 0,
	.max_args = 0,
	.opts = coverage_opts,
	.opts_size = sizeof(CoverageOpts),
	.run = run_coverage,
};
