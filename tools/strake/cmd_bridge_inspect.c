// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake bridge inspect: one page on what becomes of a .deb: metadata, dependencies, files,
// scripts.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "bridge/script_deb.h"
#include "bridge_io.h"
#include "commands.h"
#include "format/deb_file.h"
#include "format/rpm_read.h"

typedef struct {
	gboolean json;
	gboolean files;
} InspectOpts;

static const StrakeOpt inspect_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(InspectOpts, json), NULL, "print JSON"},
	{0, "files", STRAKE_OPT_FLAG, offsetof(InspectOpts, files), NULL,
		"list every file, not only those that need a word"},
	{0},
};

static void print_identity(const StrakeBridgeResult *r)
{
	printf("%s %s (%s)\n  -> %s\n", r->deb_name, r->deb_version, r->deb_arch, r->nevra);
	printf("  source   %s %s\n  licence  %s\n", r->source_name, r->source_version, r->license);
	printf("  size     %.1f kB packed, %.1f kB in %u entries\n", r->rpm_size / 1e3,
		r->installed_size / 1e3, r->n_files);
}

static const char *sense_text(uint64_t flags)
{
	static const char *const texts[] = {"", "<", ">", "", "=", "<=", ">=", ""};

	return texts[(flags & STRAKE_RPMSENSE_COMPARE) >> 1];
}

static void print_deps(const StrakeRpmHeader *h)
{
	static const struct {
		const char *title;
		uint32_t name, version, flags;
	} kinds[] = {
		{"requires", STRAKE_RPMTAG_REQUIRENAME, STRAKE_RPMTAG_REQUIREVERSION,
			STRAKE_RPMTAG_REQUIREFLAGS},
		{"provides", STRAKE_RPMTAG_PROVIDENAME, STRAKE_RPMTAG_PROVIDEVERSION,
			STRAKE_RPMTAG_PROVIDEFLAGS},
		{"conflicts", STRAKE_RPMTAG_CONFLICTNAME, STRAKE_RPMTAG_CONFLICTVERSION,
			STRAKE_RPMTAG_CONFLICTFLAGS},
		{"obsoletes", STRAKE_RPMTAG_OBSOLETENAME, STRAKE_RPMTAG_OBSOLETEVERSION,
			STRAKE_RPMTAG_OBSOLETEFLAGS},
		{"recommends", STRAKE_RPMTAG_RECOMMENDNAME, STRAKE_RPMTAG_RECOMMENDVERSION,
			STRAKE_RPMTAG_RECOMMENDFLAGS},
		{"suggests", STRAKE_RPMTAG_SUGGESTNAME, STRAKE_RPMTAG_SUGGESTVERSION,
			STRAKE_RPMTAG_SUGGESTFLAGS},
		{"enhances", STRAKE_RPMTAG_ENHANCENAME, STRAKE_RPMTAG_ENHANCEVERSION,
			STRAKE_RPMTAG_ENHANCEFLAGS},
	};

	printf("\nDependencies\n");
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		for (size_t i = 0; i < strake_rpm_header_count(h, kinds[kind].name); i++) {
			const char *name = strake_rpm_header_string(h, kinds[kind].name, i);
			const char *version = strake_rpm_header_string(h, kinds[kind].version, i);
			uint64_t flags = strake_rpm_header_number(h, kinds[kind].flags, i, 0);

			if (name == NULL || g_str_has_prefix(name, "rpmlib("))
				continue;
			if (version == NULL)
				version = "";
			printf("  %-10s %s%s%s%s%s\n", kinds[kind].title, name,
				*version != '\0' ? " " : "", sense_text(flags),
				*version != '\0' ? " " : "", version);
		}
	}
}

/* Words on a file that is more than a plain file of root's; free with g_free. */
static char *file_words(const StrakeRpmHeader *h, size_t i)
{
	g_autoptr(GString) words = g_string_new(NULL);
	uint64_t flags = strake_rpm_header_number(h, STRAKE_RPMTAG_FILEFLAGS, i, 0);
	uint64_t mode = strake_rpm_header_number(h, STRAKE_RPMTAG_FILEMODES, i, 0);
	const char *user = strake_rpm_header_string(h, STRAKE_RPMTAG_FILEUSERNAME, i);
	const char *group = strake_rpm_header_string(h, STRAKE_RPMTAG_FILEGROUPNAME, i);
	const char *caps = strake_rpm_header_string(h, STRAKE_RPMTAG_FILECAPS, i);

	if (flags & STRAKE_RPMFILE_CONFIG)
		g_string_append(words, " config(noreplace)");
	if (mode & 07000)
		g_string_append_printf(words, " mode %04o", (unsigned)mode & 07777);
	if (strcmp(user, "root") != 0 || strcmp(group, "root") != 0)
		g_string_append_printf(words, " owner %s:%s", user, group);
	if (caps != NULL && *caps != '\0')
		g_string_append_printf(words, " capability %s", caps);
	return g_string_free(g_steal_pointer(&words), FALSE);
}

static void print_files(const StrakeRpm *rpm, bool all)
{
	const StrakeRpmHeader *h = rpm->header;
	unsigned dirs = 0, links = 0, docs = 0, langs = 0, elf = 0;

	printf("\nFiles\n");
	for (size_t i = 0; i < strake_rpm_n_files(rpm); i++) {
		uint64_t mode = strake_rpm_header_number(h, STRAKE_RPMTAG_FILEMODES, i, 0);
		const char *lang = strake_rpm_header_string(h, STRAKE_RPMTAG_FILELANGS, i);
		g_autofree char *path = strake_rpm_file_path(rpm, i);
		g_autofree char *words = file_words(h, i);

		dirs += S_ISDIR(mode);
		links += S_ISLNK(mode);
		docs += (strake_rpm_header_number(h, STRAKE_RPMTAG_FILEFLAGS, i, 0) &
				STRAKE_RPMFILE_DOC) != 0;
		langs += lang != NULL && *lang != '\0';
		elf += strake_rpm_header_number(h, STRAKE_RPMTAG_FILECOLORS, i, 0) != 0;
		if (all || *words != '\0')
			printf("  %s%s\n", path, words);
	}
	printf("  %zu entries: %u directories, %u links, %u ELF, %u documentation, %u by "
	       "language\n",
		strake_rpm_n_files(rpm), dirs, links, elf, docs, langs);
}

static void print_notes(const StrakeBridgeResult *r, const char *topic, const char *title)
{
	bool any = false;

	for (guint i = 0; i < r->notes->len; i++) {
		const StrakeBridgeNote *note = r->notes->pdata[i];

		if (strcmp(note->topic, topic) != 0)
			continue;
		if (!any)
			printf("\n%s\n", title);
		any = true;
		printf("  %s\n", note->text);
	}
}

static void print_list(const char *title, char **list)
{
	if (list == NULL || *list == NULL)
		return;
	printf("\n%s\n", title);
	for (; *list != NULL; list++)
		printf("  %s\n", *list);
}

/* Every line of every script with what became of it. */
static void print_scripts(const StrakeScriptPlan *plan)
{
	static const char *const states[] = {
		"", "handled", "UNHANDLED", "not reached", "removal", "not shell"};

	for (int script = 0; script < STRAKE_SCRIPT_N_KINDS; script++) {
		const char *hash = strake_script_plan_residue_sha256(plan, script);
		unsigned count = strake_script_plan_n_lines(plan, script);

		if (count == 0)
			continue;
		printf("\nScript %s, residue sha256 %s\n", strake_script_kind_name(script),
			hash != NULL ? hash : "none: nothing is written by hand");
		for (unsigned line = 1; line <= count; line++) {
			const char *text;
			size_t size;
			StrakeScriptLineState state =
				strake_script_plan_line(plan, script, line, &text, &size);
			g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);

			if (state != STRAKE_SCRIPT_LINE_BLANK)
				printf("  %-11s %4u  %s\n", states[state], line, valid);
		}
	}
}

static void print_verdict(const StrakeBridgeResult *r)
{
	if (r->unhandled->len > 0)
		printf("\nUnhandled\n");
	for (guint i = 0; i < r->unhandled->len; i++)
		printf("  %s\n", (char *)r->unhandled->pdata[i]);
	if (r->allow_reason != NULL)
		printf("\nAccepted although unhandled: %s\n", r->allow_reason);
	else
		printf("\n%s (script class %u)\n", r->accepted ? "Accepted" : "Refused",
			r->script_class);
}

static bool print_page(const BridgeContext *context, const StrakeBridgeResult *result,
	const StrakeDebFile *deb, bool all, GError **error)
{
	g_autoptr(GBytes) bytes =
		strake_store_map_object(context->store, result->rpm_sha256, error);
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
	g_autoptr(StrakeScriptPlan) plan =
		rpm != NULL ? strake_script_analyse_deb(deb, error) : NULL;

	if (plan == NULL)
		return false;
	print_identity(result);
	print_notes(result, "overlay", "Overlays");
	print_deps(rpm->header);
	print_notes(result, "depends", "Dependencies left out");
	print_files(rpm, all);
	print_notes(result, "file", "Notes on files");
	print_list(
		"Units that upstream enables (the distribution's presets decide)", result->presets);
	print_list("Caches rebuilt by the distribution's triggers", result->caches);
	print_scripts(plan);
	print_notes(result, "script", "What the scripts became");
	print_notes(result, "warning", "Warnings");
	print_verdict(result);
	return true;
}

static bool run_inspect(
	const StrakeGlobals *globals, const void *opts_data, char **args, GError **error)
{
	const InspectOpts *opts = opts_data;
	g_auto(BridgeContext) context = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(StrakeDebFile) deb = NULL;
	g_autoptr(StrakeBridgeResult) result = NULL;
	g_autofree char *sha256 = NULL;

	if (!bridge_open(globals, false, NULL, &context, error))
		return false;
	bytes = strake_file_map_at(AT_FDCWD, args[0], error);
	deb = bytes != NULL ? strake_deb_file_open(bytes, args[0], error) : NULL;
	if (deb == NULL || !strake_store_add(context.store, g_bytes_get_data(bytes, NULL),
				   g_bytes_get_size(bytes), &sha256, error))
		return false;
	result = strake_bridge_import(context.bridge, sha256, strake_deb_file_package(deb), error);
	if (result == NULL)
		return false;
	if (opts->json) {
		g_autoptr(GPtrArray) list = g_ptr_array_new();

		g_ptr_array_add(list, result);
		bridge_print_json(list);
		return true;
	}
	return print_page(&context, result, deb, opts->files, error);
}

const StrakeCmd strake_cmd_bridge_inspect = {
	.name = "bridge inspect",
	.args = "FILE.deb",
	.summary = "show what becomes of a .deb on one page",
	.details = "Metadata, dependencies, files that are more than plain files, every line of "
		   "every maintainer script with its fate, and the verdict. The definitions of the "
		   "project that is found from here apply. The residue hashes are what a "
		   "package-note-script overlay records.",
	.min_args = 1,
	.max_args = 1,
	.opts = inspect_opts,
	.opts_size = sizeof(InspectOpts),
	.run = run_inspect,
};
