// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake component update, explain and history: locks and what changed them.
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/json.h"
#include "cli/table.h"
#include "commands.h"
#include "component_io.h"
#include "render/update.h"

typedef struct {
	gboolean all;
	gboolean check_only;
	gboolean bump;
	gboolean json;
} LockOpts;

enum { COMMIT_SHOWN = 12 };

static void optional(JsonBuilder *json, const char *key, const char *value)
{
	if (value != NULL)
		strake_json_string(json, key, value);
}

static char *short_id(const char *id)
{
	return id != NULL ? g_strndup(id, COMMIT_SHOWN) : g_strdup("-");
}

// -- update

static void print_updated(const GPtrArray *rows, bool as_json, const char *const *words)
{
	g_autoptr(StrakeTable) table = strake_table_new("component", "lock", "was", "is", NULL);
	g_autoptr(JsonBuilder) json = json_builder_new();
	unsigned counts[5] = {0};

	json_builder_begin_array(json);
	for (guint i = 0; i < rows->len; i++) {
		const StrakeUpdated *u = rows->pdata[i];
		g_autofree char *was = short_id(u->old_commit);
		g_autofree char *is = short_id(u->new_commit);
		counts[u->status]++;
		if (u->status != STRAKE_UPDATE_UNCHANGED)
			strake_table_add(
				table, (const char *[]){u->name, words[u->status], was, is});
		json_builder_begin_object(json);
		strake_json_string(json, "name", u->name);
		strake_json_string(json, "lock", words[u->status]);
		optional(json, "old-commit", u->old_commit);
		optional(json, "new-commit", u->new_commit);
		optional(json, "error", u->error);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	if (as_json) {
		strake_json_print(json);
		return;
	}
	if (counts[STRAKE_UPDATE_UNCHANGED] < rows->len)
		strake_table_print(table, stdout);
	printf("%u added, %u changed, %u removed, %u unchanged, %u failed\n",
		counts[STRAKE_UPDATE_ADDED], counts[STRAKE_UPDATE_CHANGED],
		counts[STRAKE_UPDATE_REMOVED], counts[STRAKE_UPDATE_UNCHANGED],
		counts[STRAKE_UPDATE_FAILED]);
}

static bool run_update(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	static const char *const words[] = {"unchanged", "added", "changed", "removed", "failed"};
	const LockOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	StrakeUpdateOptions options = {.all = o->all,
		.check_only = o->check_only,
		.bump = o->bump,
		.jobs = (unsigned)globals->jobs};
	g_auto(GStrv) names = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	bool failed = false;
	bool changed = false;

	if (work == NULL)
		return false;
	names = component_work_names(work, args, o->all, error);
	if (names == NULL)
		return false;
	rows = strake_update_locks(work->ws, names, &options, error);
	if (rows == NULL)
		return false;
	print_updated(rows, o->json, words);
	for (guint i = 0; i < rows->len; i++) {
		const StrakeUpdated *u = rows->pdata[i];
		failed |= u->status == STRAKE_UPDATE_FAILED;
		changed |= u->status != STRAKE_UPDATE_UNCHANGED;
		if (u->error != NULL)
			fprintf(stderr, "error: %s\n", u->error);
	}
	if (failed && !o->check_only)
		fprintf(stderr, "no lock was written\n");
	if (failed || (changed && o->check_only))
		return strake_error_set(error, STRAKE_ERROR_REPORTED, "locks are not up to date");
	return true;
}

// -- explain

static bool run_explain(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const LockOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_autoptr(JsonBuilder) json = json_builder_new();

	if (work == NULL)
		return false;
	json_builder_begin_array(json);
	for (char **name = args; *name != NULL; name++) {
		g_autoptr(GPtrArray) words = strake_explain(work->ws, *name, error);
		if (words == NULL)
			return false;
		json_builder_begin_object(json);
		strake_json_string(json, "name", *name);
		json_builder_set_member_name(json, "changes");
		json_builder_begin_array(json);
		if (!o->json)
			printf("%s: %s\n", *name,
				words->len == 0 ? "as locked" : "differs from its lock:");
		for (guint i = 0; i < words->len; i++) {
			json_builder_add_string_value(json, words->pdata[i]);
			if (!o->json)
				printf("  %s\n", (char *)words->pdata[i]);
		}
		json_builder_end_array(json);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	if (o->json)
		strake_json_print(json);
	return true;
}

// -- history

static char *date_of(int64_t time_s)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time_s);

	return when != NULL ? g_date_time_format(when, "%Y-%m-%d") : g_strdup("-");
}

static bool run_history(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const LockOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_autoptr(StrakeTable) table = strake_table_new(
		"component", "date", "project commit", "upstream", "author", "what", NULL);
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_auto(GStrv) names = NULL;

	if (work == NULL)
		return false;
	names = component_work_names(work, args, o->all, error);
	if (names == NULL)
		return false;
	json_builder_begin_array(json);
	for (char **name = names; *name != NULL; name++) {
		const GPtrArray *changes = strake_project_history_changes(work->ws->history, *name);
		for (guint i = changes != NULL ? changes->len : 0; i > 0; i--) {
			const StrakeProjectChange *c = changes->pdata[i - 1];
			g_autofree char *date = date_of(c->time_s);
			g_autofree char *commit = short_id(c->commit);
			g_autofree char *upstream = short_id(c->upstream_commit);
			strake_table_add(table, (const char *[]){*name, date, commit, upstream,
							c->author, c->message});
			json_builder_begin_object(json);
			strake_json_string(json, "name", *name);
			strake_json_string(json, "date", date);
			strake_json_string(json, "commit", c->commit);
			optional(json, "upstream-commit", c->upstream_commit);
			strake_json_string(json, "author", c->author);
			strake_json_string(json, "message", c->message);
			json_builder_end_object(json);
		}
	}
	json_builder_end_array(json);
	if (o->json)
		strake_json_print(json);
	else
		strake_table_print(table, stdout);
	return true;
}

#define OPT_JSON                                                                                   \
	{                                                                                          \
		0, "json", STRAKE_OPT_FLAG, offsetof(LockOpts, json), NULL, "as JSON"              \
	}
#define OPT_ALL                                                                                    \
	{                                                                                          \
		'a', "all", STRAKE_OPT_FLAG, offsetof(LockOpts, all), NULL,                        \
			"every source component"                                                   \
	}

static const StrakeOpt update_opts[] = {
	OPT_ALL,
	{0, "check-only", STRAKE_OPT_FLAG, offsetof(LockOpts, check_only), NULL,
		"write nothing; fail when a lock would change"},
	{0, "bump", STRAKE_OPT_FLAG, offsetof(LockOpts, bump), NULL,
		"count up, for a rebuild without another change"},
	OPT_JSON,
	{0},
};
static const StrakeOpt explain_opts[] = {OPT_JSON, {0}};
static const StrakeOpt history_opts[] = {OPT_ALL, OPT_JSON, {0}};

const StrakeCmd strake_cmd_component_update = {
	.name = "component update",
	.args = "[GLOB...]",
	.summary = "resolve upstream commits and write locks",
	.details =
		"Finds the commit that each component's pin, snapshot or branch means now and "
		"writes it to its lock with the fingerprint of what it is made from. All locks are "
		"written, or none when one component fails. With --all, locks of components that "
		"are gone are removed.",
	.max_args = -1,
	.opts = update_opts,
	.opts_size = sizeof(LockOpts),
	.run = run_update,
};

const StrakeCmd strake_cmd_component_explain = {
	.name = "component explain",
	.args = "NAME...",
	.summary = "say what changed since a component was locked",
	.min_args = 1,
	.max_args = -1,
	.opts = explain_opts,
	.opts_size = sizeof(LockOpts),
	.run = run_explain,
};

const StrakeCmd strake_cmd_component_history = {
	.name = "component history",
	.args = "[GLOB...]",
	.summary = "list the project's commits that changed components",
	.details = "Those whose lock got another fingerprint, newest first: the entries that "
		   "rendering "
		   "adds to upstream's changelog.",
	.max_args = -1,
	.opts = history_opts,
	.opts_size = sizeof(LockOpts),
	.run = run_history,
};
