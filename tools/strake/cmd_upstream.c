// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake upstream update, status, fetch and list: locks of binary packages and their files.
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/words.h"
#include "cli/json.h"
#include "commands.h"
#include "upstream/upstream.h"

typedef struct {
	gboolean dry_run;
	gboolean json;
	gboolean exit_code;
	gboolean follow;
	gboolean locked;
} UpstreamOpts;

typedef struct {
	StrakeProject *project;
	StrakeStore *store;
} Context;

static void context_clear(Context *context)
{
	g_clear_pointer(&context->project, strake_project_free);
	g_clear_pointer(&context->store, strake_store_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Context, context_clear)

static bool context_open(Context *context, const StrakeGlobals *globals, GError **error)
{
	const StrakeProjectOptions options = {.permissive = false};

	context->project = strake_project_load(globals->project_dir, &options, error);
	if (context->project == NULL)
		return false;
	context->store = strake_store_open(globals->store_path, error);
	return context->store != NULL;
}

// The upstreams that @args name, or the default one: borrowed, in order.
static GPtrArray *chosen(const StrakeProject *project, char **args, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	char *none[] = {NULL, NULL};

	for (size_t i = 0; i == 0 || args[i] != NULL; i++) {
		const char *name = args[0] == NULL ? none[0] : args[i];
		const StrakeUpstream *upstream = strake_project_upstream(project, name, error);

		if (upstream == NULL)
			return NULL;
		g_ptr_array_add(out, (void *)upstream);
		if (args[0] == NULL)
			break;
	}
	return g_steal_pointer(&out);
}

static void set(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	if (value != NULL)
		json_builder_add_string_value(builder, value);
	else
		json_builder_add_null_value(builder);
}

// -- what moved

static uint64_t size_of(const GPtrArray *pins)
{
	uint64_t total = 0;

	for (guint i = 0; i < pins->len; i++)
		total += ((const StrakePin *)g_ptr_array_index(pins, i))->size;
	return total;
}

static uint64_t total_size(const StrakeUpstreamLock *lock)
{
	return size_of(lock->pins) + size_of(lock->sources);
}

static char *sources_text(const StrakeUpstreamLock *lock)
{
	return lock->sources->len > 0 ? g_strdup_printf("%u source%s, ", lock->sources->len,
						strake_s(lock->sources->len))
				      : g_strdup("");
}

// A source package is often called as one of its binary packages.
static const char *source_mark(const StrakePin *pin)
{
	return strcmp(pin->architecture, STRAKE_ARCH_SOURCE) == 0 ? " (source)" : "";
}

static void print_move(const StrakeMove *move)
{
	const StrakePin *pin = move->to != NULL ? move->to : move->from;

	printf("  %-10s %s%s %s", strake_move_name(move->kind), pin->name, source_mark(pin),
		move->from != NULL ? move->from->version : move->to->version);
	if (move->kind == STRAKE_MOVE_UPGRADED || move->kind == STRAKE_MOVE_DOWNGRADED)
		printf(" -> %s", move->to->version);
	printf("\n");
}

static void print_moves(const StrakeUpstream *upstream, const StrakeUpstreamLock *from,
	const StrakeUpstreamLock *to, const GArray *moves)
{
	g_autofree char *text = strake_upstream_moves_text(moves);
	g_autofree char *size = strake_size_text(total_size(to));

	g_autofree char *sources = sources_text(to);

	printf("%s: %u package%s, %s%s, index of %s: %s\n", upstream->name, to->pins->len,
		strake_s(to->pins->len), sources, size, to->date, text);
	// A first lock has nothing to compare with: a list of everything tells nobody anything.
	for (guint i = 0; from != NULL && i < moves->len; i++)
		print_move(&g_array_index(moves, StrakeMove, i));
}

static void build_moves(JsonBuilder *builder, const StrakeUpstream *upstream,
	const StrakeUpstreamLock *from, const StrakeUpstreamLock *to, const GArray *moves)
{
	json_builder_begin_object(builder);
	set(builder, "upstream", upstream->name);
	set(builder, "suite", to->suite);
	set(builder, "locked", from != NULL ? from->date : NULL);
	set(builder, "index", to->date);
	json_builder_set_member_name(builder, "packages");
	json_builder_add_int_value(builder, to->pins->len);
	json_builder_set_member_name(builder, "sources");
	json_builder_add_int_value(builder, to->sources->len);
	json_builder_set_member_name(builder, "size");
	json_builder_add_int_value(builder, (gint64)total_size(to));
	json_builder_set_member_name(builder, "moves");
	json_builder_begin_array(builder);
	for (guint i = 0; i < moves->len; i++) {
		const StrakeMove *move = &g_array_index(moves, StrakeMove, i);

		json_builder_begin_object(builder);
		set(builder, "kind", strake_move_name(move->kind));
		set(builder, "name", move->to != NULL ? move->to->name : move->from->name);
		if (*source_mark(move->to != NULL ? move->to : move->from) != '\0')
			set(builder, "arch", STRAKE_ARCH_SOURCE);
		set(builder, "from", move->from != NULL ? move->from->version : NULL);
		set(builder, "to", move->to != NULL ? move->to->version : NULL);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	json_builder_end_object(builder);
}

// The lock of the project; NULL in *@out when there is none yet.
static bool load_old(const StrakeProject *project, const StrakeUpstream *upstream,
	StrakeUpstreamLock **out, GError **error)
{
	g_autofree char *path =
		strake_upstream_lock_path(project, upstream, STRAKE_UPSTREAM_LOCKED);
	g_autoptr(GError) cause = NULL;

	*out = strake_upstream_lock_load(path, &cause);
	if (*out != NULL || g_error_matches(cause, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

typedef struct {
	const StrakeGlobals *globals;
	const UpstreamOpts *opts;
	Context *context;
	JsonBuilder *json; // NULL: text
	bool write;
	bool any_moved;
} Compare;

static bool compare_one(Compare *compare, const StrakeUpstream *upstream, GError **error)
{
	Context *context = compare->context;
	g_autofree char *path =
		strake_upstream_lock_path(context->project, upstream, STRAKE_UPSTREAM_LOCKED);
	g_autoptr(StrakeUpstreamLock) from = NULL;
	g_autoptr(StrakeUpstreamLock) to = NULL;
	g_autoptr(GArray) moves = NULL;

	// A lock that cannot be read is what update is there to replace.
	if (!load_old(context->project, upstream, &from, compare->write ? NULL : error) &&
		!compare->write)
		return false;
	to = strake_upstream_closure(
		context->project, context->store, upstream, compare->globals->offline, error);
	if (to == NULL)
		return false;
	moves = strake_upstream_lock_compare(from, to);
	if (compare->write && !strake_upstream_lock_store(to, path, error))
		return false;
	compare->any_moved = compare->any_moved || moves->len > 0;
	if (compare->json != NULL)
		build_moves(compare->json, upstream, from, to, moves);
	else
		print_moves(upstream, from, to, moves);
	return true;
}

static bool compare_all(Compare *compare, char **args, GError **error)
{
	g_auto(Context) context = {.project = NULL};
	g_autoptr(GPtrArray) upstreams = NULL;
	g_autoptr(JsonBuilder) json = compare->opts->json ? json_builder_new() : NULL;

	if (!context_open(&context, compare->globals, error))
		return false;
	upstreams = chosen(context.project, args, error);
	if (upstreams == NULL)
		return false;
	compare->context = &context;
	compare->json = json;
	if (json != NULL)
		json_builder_begin_array(json);
	for (guint i = 0; i < upstreams->len; i++)
		if (!compare_one(compare, g_ptr_array_index(upstreams, i), error))
			return false;
	if (json != NULL) {
		json_builder_end_array(json);
		strake_json_print(json);
	}
	return true;
}

static bool run_update(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const UpstreamOpts *o = opts;
	Compare compare = {.globals = globals, .opts = o, .write = !o->dry_run};

	return compare_all(&compare, args, error);
}

static bool run_status(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const UpstreamOpts *o = opts;
	Compare compare = {.globals = globals, .opts = o, .write = false};

	if (!compare_all(&compare, args, error))
		return false;
	if (o->exit_code && compare.any_moved)
		return strake_error_set(error, STRAKE_ERROR_REPORTED, "the mirror has moved");
	return true;
}

// -- fetch

static bool fetch_one(Context *context, const StrakeUpstream *upstream,
	const StrakeUpstreamOptions *options, GError **error)
{
	g_autoptr(GPtrArray) pins = NULL;
	g_autoptr(StrakeUpstreamLock) lock = NULL;
	g_autofree char *sources = NULL;
	g_autofree char *size = NULL;

	if (!strake_upstream_select(
		    context->project, context->store, upstream, options, &pins, error))
		return false;
	lock = strake_upstream_lock(context->project, upstream, options->mode, error);
	if (lock == NULL ||
		!strake_upstream_fetch(
			context->project, context->store, upstream, options, pins, error) ||
		!strake_upstream_fetch(
			context->project, context->store, upstream, options, lock->sources, error))
		return false;
	size = strake_size_text(total_size(lock));
	sources = sources_text(lock);
	printf("%s: %u package%s, %s%s, all in the store\n", upstream->name, pins->len,
		strake_s(pins->len), sources, size);
	return true;
}

static bool run_fetch(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const UpstreamOpts *o = opts;
	const StrakeUpstreamOptions options = {
		.mode = o->follow ? STRAKE_UPSTREAM_FOLLOW : STRAKE_UPSTREAM_LOCKED,
		.offline = globals->offline,
		.build = true,
	};
	g_auto(Context) context = {.project = NULL};
	g_autoptr(GPtrArray) upstreams = NULL;

	if (o->follow && o->locked)
		return strake_error_set(
			error, STRAKE_ERROR_USAGE, "--follow and --locked exclude each other");
	if (!context_open(&context, globals, error))
		return false;
	upstreams = chosen(context.project, args, error);
	if (upstreams == NULL)
		return false;
	for (guint i = 0; i < upstreams->len; i++)
		if (!fetch_one(&context, g_ptr_array_index(upstreams, i), &options, error))
			return false;
	return true;
}

// -- list

static const char *kind_name(StrakeUpstreamKind kind)
{
	static const char *const names[] = {"deb", "rpm-md", "dist-git"};

	return names[kind];
}

static bool list_one(const StrakeProject *project, const StrakeUpstream *upstream,
	JsonBuilder *json, GError **error)
{
	g_autoptr(StrakeUpstreamLock) lock = NULL;
	g_autofree char *packages = NULL;

	if (upstream->kind != STRAKE_UPSTREAM_DIST_GIT &&
		!load_old(project, upstream, &lock, error))
		return false;
	if (json == NULL) {
		packages = lock != NULL ? g_strdup_printf("%u", lock->pins->len) : g_strdup("-");
		printf("%-12s %-8s %-10s %8s  %s\n", upstream->name, kind_name(upstream->kind),
			upstream->suite != NULL ? upstream->suite : "-", packages,
			lock != NULL ? lock->date : "-");
		return true;
	}
	json_builder_begin_object(json);
	set(json, "name", upstream->name);
	set(json, "kind", kind_name(upstream->kind));
	set(json, "description", upstream->description);
	set(json, "suite", upstream->suite);
	set(json, "locked", lock != NULL ? lock->date : NULL);
	json_builder_set_member_name(json, "packages");
	if (lock != NULL)
		json_builder_add_int_value(json, lock->pins->len);
	else
		json_builder_add_null_value(json);
	json_builder_end_object(json);
	return true;
}

// The packages that the lock of one upstream names.
static bool list_packages(
	const StrakeProject *project, const char *name, JsonBuilder *json, GError **error)
{
	const StrakeUpstream *upstream = strake_project_upstream(project, name, error);
	g_autoptr(StrakeUpstreamLock) lock = NULL;

	if (upstream == NULL || !load_old(project, upstream, &lock, error))
		return false;
	if (lock == NULL)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"upstream '%s' has no lock: run `strake upstream update %s`",
			upstream->name, upstream->name);
	for (guint i = 0; i < lock->pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(lock->pins, i);

		if (json == NULL) {
			printf("%-40s %-28s %-6s %10" G_GUINT64_FORMAT "\n", pin->name,
				pin->version, pin->architecture, pin->size);
			continue;
		}
		json_builder_begin_object(json);
		set(json, "name", pin->name);
		set(json, "version", pin->version);
		set(json, "arch", pin->architecture);
		set(json, "filename", pin->filename);
		set(json, "sha256", pin->sha256);
		json_builder_set_member_name(json, "size");
		json_builder_add_int_value(json, (gint64)pin->size);
		json_builder_end_object(json);
	}
	return true;
}

static bool list_upstreams(const StrakeProject *project, JsonBuilder *json, GError **error)
{
	g_auto(GStrv) names = strake_project_upstream_names(project);

	if (json == NULL)
		printf("%-12s %-8s %-10s %8s  %s\n", "NAME", "KIND", "SUITE", "PACKAGES", "LOCKED");
	for (char **name = names; *name != NULL; name++) {
		const StrakeUpstream *upstream = strake_project_upstream(project, *name, error);

		if (upstream == NULL || !list_one(project, upstream, json, error))
			return false;
	}
	return true;
}

static bool run_list(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const UpstreamOpts *o = opts;
	const StrakeProjectOptions options = {.permissive = false};
	g_autoptr(StrakeProject) project =
		strake_project_load(globals->project_dir, &options, error);
	g_autoptr(JsonBuilder) json = o->json ? json_builder_new() : NULL;
	bool done;

	if (project == NULL)
		return false;
	if (json != NULL)
		json_builder_begin_array(json);
	done = args[0] != NULL ? list_packages(project, args[0], json, error)
			       : list_upstreams(project, json, error);
	if (done && json != NULL) {
		json_builder_end_array(json);
		strake_json_print(json);
	}
	return done;
}

// -- the commands

static const StrakeOpt update_opts[] = {
	{'n', "dry-run", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, dry_run), NULL,
		"show what would move, write nothing"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, json), NULL, "print JSON"},
	{0},
};

const StrakeCmd strake_cmd_upstream_update = {
	.name = "upstream update",
	.args = "[NAME...]",
	.summary = "move the lock of an upstream to what its mirror has now",
	.details = "Fetches the mirror's index, checks its signature, works out which packages the "
		   "images and package groups need through the overlays, writes their versions and "
		   "digests to NAME.lock and prints what moved. Without NAME: the upstream of the "
		   "default distribution version.",
	.min_args = 0,
	.max_args = -1,
	.opts = update_opts,
	.opts_size = sizeof(UpstreamOpts),
	.run = run_update,
};

static const StrakeOpt status_opts[] = {
	{0, "exit-code", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, exit_code), NULL,
		"exit with 1 when something moved"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, json), NULL, "print JSON"},
	{0},
};

const StrakeCmd strake_cmd_upstream_status = {
	.name = "upstream status",
	.args = "[NAME...]",
	.summary = "show what moved on the mirror since the lock was written",
	.details = "As `strake upstream update --dry-run`: nothing is written.",
	.min_args = 0,
	.max_args = -1,
	.opts = status_opts,
	.opts_size = sizeof(UpstreamOpts),
	.run = run_status,
};

static const StrakeOpt fetch_opts[] = {
	{0, "locked", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, locked), NULL,
		"exactly what the project's lock says (the default)"},
	{0, "follow", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, follow), NULL,
		"what the mirror has now; its lock goes to the output directory"},
	{0},
};

const StrakeCmd strake_cmd_upstream_fetch = {
	.name = "upstream fetch",
	.args = "[NAME...]",
	.summary = "download the packages and sources of an upstream into the store",
	.details = "Downloads run in parallel, go on where an interrupted one stopped, and are "
		   "checked "
		   "against their digests. What the store holds is not downloaded again, so later "
		   "runs "
		   "work with --offline.",
	.min_args = 0,
	.max_args = -1,
	.opts = fetch_opts,
	.opts_size = sizeof(UpstreamOpts),
	.run = run_fetch,
};

static const StrakeOpt list_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(UpstreamOpts, json), NULL, "print JSON"},
	{0},
};

const StrakeCmd strake_cmd_upstream_list = {
	.name = "upstream list",
	.args = "[NAME]",
	.summary = "list the upstreams, or the packages that one's lock names",
	.min_args = 0,
	.max_args = 1,
	.opts = list_opts,
	.opts_size = sizeof(UpstreamOpts),
	.run = run_list,
};
