// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake bridge convert and strake bridge import: upstream's .deb packages as RPM packages.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/words.h"
#include "bridge/bridge.h"
#include "bridge_io.h"
#include "commands.h"
#include "format/deb_file.h"
#include "upstream/upstream.h"

// -- the project, which is optional for single files

bool bridge_open(const StrakeGlobals *globals, bool need_project,
	const StrakeBridgeOptions *options, BridgeContext *out, GError **error)
{
	g_autoptr(GError) local = NULL;

	memset(out, 0, sizeof(*out));
	out->store = strake_store_open(globals->store_path, error);
	if (out->store == NULL)
		return false;
	out->project = strake_project_load(globals->project_dir, NULL, &local);
	if (out->project == NULL &&
		(need_project || globals->project_dir != NULL ||
			!g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND))) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	out->bridge = strake_bridge_new(out->project, out->store, options, error);
	return out->bridge != NULL;
}

void bridge_close(BridgeContext *context)
{
	g_clear_pointer(&context->bridge, strake_bridge_free);
	g_clear_pointer(&context->project, strake_project_free);
	g_clear_pointer(&context->store, strake_store_free);
}

// -- convert

typedef struct {
	char *output;
	gboolean force;
	gboolean following;
} ConvertOpts;

static const StrakeOpt convert_opts[] = {
	{'o', "output", STRAKE_OPT_STRING, offsetof(ConvertOpts, output), "DIR",
		"where the packages go (default: here)"},
	{0, "force", STRAKE_OPT_FLAG, offsetof(ConvertOpts, force), NULL,
		"write packages with unhandled scripts too"},
	{0, "following", STRAKE_OPT_FLAG, offsetof(ConvertOpts, following), NULL,
		"accept a changed script whose commands are all understood"},
	{0},
};

/* Puts the .deb at @path into the store; its package name is read from it. */
static bool store_deb(
	StrakeStore *store, const char *path, char **out_sha256, char **out_name, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_map_at(AT_FDCWD, path, error);
	g_autoptr(StrakeDebFile) deb =
		bytes != NULL ? strake_deb_file_open(bytes, path, error) : NULL;
	gsize size;
	const void *data;

	if (deb == NULL)
		return false;
	data = g_bytes_get_data(bytes, &size);
	if (!strake_store_add(store, data, size, out_sha256, error))
		return false;
	*out_name = g_strdup(strake_deb_file_package(deb));
	return true;
}

static bool copy_object(StrakeStore *store, const StrakeBridgeResult *result, int dir_fd,
	const char *dir, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, result->rpm_sha256, error);
	g_autofree char *path = g_build_filename(dir, result->file_name, NULL);

	if (bytes == NULL ||
		!strake_file_write_at(dir_fd, result->file_name, g_bytes_get_data(bytes, NULL),
			g_bytes_get_size(bytes), 0644, error))
		return false;
	printf("%s\n", path);
	return true;
}

static bool run_convert(
	const StrakeGlobals *globals, const void *opts_data, char **args, GError **error)
{
	const ConvertOpts *opts = opts_data;
	const char *dir = opts->output != NULL ? opts->output : ".";
	StrakeBridgeOptions options = {.following = opts->following};
	g_auto(BridgeContext) context = {0};
	guint count = g_strv_length(args);
	g_autofree StrakeBridgeItem *items = g_new0(StrakeBridgeItem, count);
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) results = NULL;
	g_autofree char *refused = NULL;
	g_auto(strake_fd) dir_fd = -1;
	int opened;

	if (!bridge_open(globals, false, &options, &context, error) ||
		!strake_path_mkdirs(AT_FDCWD, dir, error) ||
		!strake_path_open_dir(AT_FDCWD, dir, &opened, error))
		return false;
	dir_fd = opened;
	for (guint i = 0; i < count; i++) {
		char *sha256, *name;

		if (!store_deb(context.store, args[i], &sha256, &name, error))
			return false;
		g_ptr_array_add(strings, sha256);
		g_ptr_array_add(strings, name);
		items[i] = (StrakeBridgeItem){.deb_sha256 = sha256, .name = name};
	}
	results = strake_bridge_import_all(context.bridge, items, count, globals->jobs, error);
	if (results == NULL)
		return false;
	refused = strake_bridge_refused(results);
	for (guint i = 0; i < results->len; i++) {
		const StrakeBridgeResult *result = results->pdata[i];

		if ((result->accepted || opts->force) &&
			!copy_object(context.store, result, dir_fd, dir, error))
			return false;
	}
	if (refused == NULL)
		return true;
	if (opts->force) {
		strake_warn("%s", refused);
		return true;
	}
	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s", refused);
}

const StrakeCmd strake_cmd_bridge_convert = {
	.name = "bridge convert",
	.args = "FILE.deb...",
	.summary = "make scriptlet-free RPM packages of .deb files",
	.details = "Each file becomes an RPM package in the output directory, and its path is "
		   "printed. The definitions of the project that is found from here apply; without "
		   "a project the defaults do. A package with script commands that are not "
		   "understood is refused, listed by script and line.",
	.min_args = 1,
	.max_args = -1,
	.opts = convert_opts,
	.opts_size = sizeof(ConvertOpts),
	.run = run_convert,
};

// -- import

typedef struct {
	char *upstream;
	gboolean follow;
	gboolean json;
} ImportOpts;

static const StrakeOpt import_opts[] = {
	{0, "upstream", STRAKE_OPT_STRING, offsetof(ImportOpts, upstream), "NAME",
		"which upstream (default: the project's)"},
	{0, "follow", STRAKE_OPT_FLAG, offsetof(ImportOpts, follow), NULL,
		"what the mirror has now instead of the lock"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(ImportOpts, json), NULL, "print JSON"},
	{0},
};

static void print_table(const GPtrArray *results)
{
	guint64 total = 0;

	for (guint i = 0; i < results->len; i++) {
		const StrakeBridgeResult *result = results->pdata[i];

		total += result->rpm_size;
		printf("%-10s %9" G_GUINT64_FORMAT "  %s\n",
			result->unhandled->len == 0 ? "ok"
			: result->accepted          ? "allowed"
						    : "refused",
			result->rpm_size, result->nevra);
	}
	printf("%u package%s, %.1f MB\n", results->len, strake_s(results->len), total / 1e6);
}

static bool select_pins(const StrakeGlobals *globals, const ImportOpts *opts,
	BridgeContext *context, GPtrArray **out, GError **error)
{
	StrakeUpstreamOptions options = {
		.mode = opts->follow ? STRAKE_UPSTREAM_FOLLOW : STRAKE_UPSTREAM_LOCKED,
		.offline = globals->offline,
		.build = true};
	const StrakeUpstream *upstream =
		strake_project_upstream(context->project, opts->upstream, error);

	if (upstream != NULL && upstream->kind != STRAKE_UPSTREAM_DEB)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"upstream '%s' is not of kind 'deb': there is nothing to bridge",
			upstream->name);
	return upstream != NULL &&
	       strake_upstream_select(
		       context->project, context->store, upstream, &options, out, error) &&
	       strake_upstream_fetch(
		       context->project, context->store, upstream, &options, *out, error);
}

static bool wanted(char **names, const char *name)
{
	return *names == NULL || g_strv_contains((const char *const *)names, name);
}

static bool run_import(
	const StrakeGlobals *globals, const void *opts_data, char **args, GError **error)
{
	const ImportOpts *opts = opts_data;
	StrakeBridgeOptions options = {.following = opts->follow};
	g_auto(BridgeContext) context = {0};
	g_autoptr(GPtrArray) pins = NULL, results = NULL;
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(StrakeBridgeItem));
	g_autofree char *refused = NULL;

	if (!bridge_open(globals, true, &options, &context, error) ||
		!select_pins(globals, opts, &context, &pins, error))
		return false;
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = pins->pdata[i];
		StrakeBridgeItem item = {.deb_sha256 = pin->sha256, .name = pin->name};

		if (wanted(args, pin->name))
			g_array_append_val(items, item);
	}
	if (items->len == 0)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"no locked package is named so; 'strake upstream list' shows them");
	results = strake_bridge_import_all(context.bridge,
		(const StrakeBridgeItem *)(void *)items->data, items->len, globals->jobs, error);
	if (results == NULL)
		return false;
	if (opts->json)
		bridge_print_json(results);
	else
		print_table(results);
	refused = strake_bridge_refused(results);
	return refused == NULL || strake_error_set(error, STRAKE_ERROR_FAILED, "%s", refused);
}

const StrakeCmd strake_cmd_bridge_import = {
	.name = "bridge import",
	.args = "[NAME...]",
	.summary = "convert the locked packages into the store",
	.details = "Without names all packages of the lock. Packages converted before are taken "
		   "from the store. Names are upstream's. Exits 1 when a package is refused.",
	.min_args = 0,
	.max_args = -1,
	.opts = import_opts,
	.opts_size = sizeof(ImportOpts),
	.run = run_import,
};
