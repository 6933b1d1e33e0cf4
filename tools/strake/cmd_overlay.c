// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake overlay apply, strake overlay check: overlays without a project.
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/words.h"
#include "cli/json.h"
#include "commands.h"
#include "overlay/apply.h"
#include "project/overlay_files.h"
#include "spec_io.h"

typedef struct {
	char *sources;
	char *output;
	char *style;
} ApplyOpts;

/* Overlays that bridge packages have nothing to do here. */
static bool check_kinds(const GPtrArray *overlays, GError **error)
{
	for (guint i = 0; i < overlays->len; i++) {
		const StrakeOverlay *o = overlays->pdata[i];
		if (!strake_overlay_edits_spec(o->type) && !strake_overlay_edits_files(o->type))
			return strake_error_at(error, STRAKE_ERROR_INVALID, o->origin,
				"%s edits a package, not a spec or its sources",
				strake_overlay_type_name(o->type));
	}
	return true;
}

static unsigned count_spec_halves(const GPtrArray *overlays)
{
	unsigned n = 0;

	for (guint i = 0; i < overlays->len; i++) {
		const StrakeOverlay *o = overlays->pdata[i];
		n += strake_overlay_edits_spec(o->type) && strake_overlay_edits_files(o->type);
	}
	return n;
}

static mode_t output_mode(const char *output, const char *spec)
{
	struct stat st;

	if (stat(output, &st) == 0 || stat(spec, &st) == 0)
		return st.st_mode & 0777;
	return 0644;
}

/* The name of @output below directory @sources, NULL: it is elsewhere. Free with g_free. */
static char *name_below(const char *sources, const char *output)
{
	g_autofree char *above = g_path_get_dirname(output);
	g_autofree char *base = g_path_get_basename(output);
	g_autofree char *dir = realpath(above, NULL);
	g_autofree char *root = realpath(sources, NULL);
	size_t n = root != NULL ? strlen(root) : 0;

	if (dir == NULL || n == 0 || strncmp(dir, root, n) != 0)
		return NULL;
	if (dir[n] == '\0')
		return g_steal_pointer(&base);
	return dir[n] == '/' ? g_build_filename(dir + n + 1, base, NULL) : NULL;
}

/* Both or none: the spec waits beside its place until the sources are in theirs. */
static bool write_beside(
	StrakeOverlayResult *result, const char *output, mode_t mode, GError **error)
{
	GBytes *spec = strake_overlay_result_spec(result);
	g_autofree char *aside = g_strconcat(output, ".strake-new", NULL);

	if (!strake_file_write_at(AT_FDCWD, aside, g_bytes_get_data(spec, NULL),
		    g_bytes_get_size(spec), mode, error))
		return false;
	if (!strake_overlay_result_commit(result, error)) {
		(void)unlink(aside);
		return false;
	}
	return rename(aside, output) == 0 ||
	       strake_error_errno(error, errno, "put in place", output);
}

/* A shell that stands in the directory stands in the one that is gone now. */
static void say_if_replaced(const char *here)
{
	struct stat named, real;

	if (here != NULL && stat(".", &real) == 0 &&
		(stat(here, &named) < 0 || named.st_ino != real.st_ino))
		strake_say(
			"'%s' was replaced by a new directory: enter it again (cd \"$PWD\")", here);
}

static bool write_output(
	StrakeOverlayResult *result, const ApplyOpts *o, mode_t mode, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(o->output, NULL);
	g_autofree char *below =
		strake_overlay_result_has_sources(result) ? name_below(o->sources, absolute) : NULL;

	if (below == NULL)
		return write_beside(result, absolute, mode, error);
	return strake_overlay_result_put_spec(result, below, mode, error) &&
	       strake_overlay_result_commit(result, error);
}

static bool run_apply(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ApplyOpts *o = opts;
	StrakeOverlayOptions options = {.sources = o->sources, .spec_only = true};
	g_autoptr(GBytes) spec = NULL;
	g_autoptr(StrakeOverlaySet) set = NULL;
	g_autoptr(StrakeOverlayResult) result = NULL;
	g_autofree char *here = getcwd(NULL, 0);
	GBytes *edited;

	if (!strake_overlay_style_parse(o->style, &options.style, error))
		return false;
	set = strake_overlay_set_load(args[1], error);
	if (set == NULL || !check_kinds(set->overlays, error))
		return false;
	spec = strake_spec_io_read(args[0], error);
	if (spec == NULL)
		return false;
	result = strake_overlay_apply(spec, args[0], set->overlays, &options, error);
	if (result == NULL)
		return false;
	if (o->sources == NULL && count_spec_halves(set->overlays) > 0)
		strake_warn("no --sources: %u patch overlays edited the spec only",
			count_spec_halves(set->overlays));
	edited = strake_overlay_result_spec(result);
	if (o->output != NULL) {
		if (!write_output(result, o, output_mode(o->output, args[0]), error))
			return false;
		say_if_replaced(here);
		return true;
	}
	// The sources come last: what cannot be written must not leave them edited.
	if (!strake_spec_io_print(edited, error) || !strake_overlay_result_commit(result, error))
		return false;
	say_if_replaced(here);
	return true;
}

static const StrakeOpt apply_opts[] = {
	{0, "sources", STRAKE_OPT_STRING, offsetof(ApplyOpts, sources), "DIR",
		"directory that file, patch and archive overlays edit"},
	{'o', "output", STRAKE_OPT_STRING, offsetof(ApplyOpts, output), "FILE",
		"write the spec there instead of standard output"},
	{0, "style", STRAKE_OPT_STRING, offsetof(ApplyOpts, style), "STYLE",
		"azldev (default) or preserving"},
	{0},
};

const StrakeCmd strake_cmd_overlay_apply = {
	.name = "overlay apply",
	.args = "SPEC OVERLAYS.toml",
	.summary = "apply a file of overlays to a spec",
	.details =
		"Applies exactly the [[overlays]] of the file, all or none, and prints the spec. "
		"When some fail, all failures are reported and nothing is written. SPEC may be - "
		"for standard input; it is not changed itself unless --output names it.",
	.min_args = 2,
	.max_args = 2,
	.opts = apply_opts,
	.opts_size = sizeof(ApplyOpts),
	.run = run_apply,
};

// -- check

typedef struct {
	gboolean json;
} CheckOpts;

static void print_json(const GPtrArray *overlays)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_array(json);
	for (guint i = 0; i < overlays->len; i++) {
		const StrakeOverlay *o = overlays->pdata[i];
		json_builder_begin_object(json);
		json_builder_set_member_name(json, "line");
		json_builder_add_int_value(json, o->origin.line);
		json_builder_set_member_name(json, "type");
		json_builder_add_string_value(json, strake_overlay_type_name(o->type));
		json_builder_set_member_name(json, "description");
		json_builder_add_string_value(json, o->description != NULL ? o->description : "");
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	strake_json_print(json);
}

static bool run_check(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const CheckOpts *o = opts;
	g_autoptr(StrakeOverlaySet) set = strake_overlay_set_load(args[0], error);

	if (set == NULL)
		return false;
	if (o->json)
		print_json(set->overlays);
	else
		printf("ok: %u overlay%s\n", set->overlays->len, strake_s(set->overlays->len));
	return true;
}

static const StrakeOpt check_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(CheckOpts, json), NULL, "list them as JSON"},
	{0},
};

const StrakeCmd strake_cmd_overlay_check = {
	.name = "overlay check",
	.args = "OVERLAYS.toml",
	.summary = "check a file of overlays",
	.details = "Checks keys, types, regular expressions and patterns; no spec is needed.",
	.min_args = 1,
	.max_args = 1,
	.opts = check_opts,
	.opts_size = sizeof(CheckOpts),
	.run = run_check,
};
