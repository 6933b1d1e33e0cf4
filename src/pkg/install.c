// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One librpm transaction: headers checked, space checked, conflicts reported, files written.
#include "pkg/install.h"

#include <errno.h>
#include <fcntl.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmio.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmps.h>
#include <rpm/rpmte.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/glob.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "pkg/layers_private.h"
#include "pkg/rpm_private.h"

enum { BLOCK_BYTES = 4096, MAX_PROBLEMS = 25 };

typedef struct {
	const char *path; // borrowed
	Header header;
	char *layer; // its key, when packages are kept unpacked
	bool early;  // ships a link in "/": goes before all others
} Item;

typedef struct {
	const StrakeInstallOptions *options;
	GArray *items; // of Item
	rpmts ts;
	FD_t open; // the package that librpm reads now
	StrakeProgress *progress;
	StrakeInstallResult result;
	char *unpack_problem;
	GPtrArray *globs;     // of StrakeGlob, from exclude_globs
	GHashTable *excluded; // set of paths that they match
	int layers_fd;        // -1: packages are unpacked by librpm
} Install;

static void item_clear(void *data)
{
	Item *item = data;

	headerFree(item->header);
	g_free(item->layer);
}

static void install_clear(Install *install)
{
	if (install->ts != NULL)
		rpmtsFree(install->ts);
	g_array_unref(install->items);
	g_free(install->unpack_problem);
	g_clear_pointer(&install->globs, g_ptr_array_unref);
	g_clear_pointer(&install->excluded, g_hash_table_unref);
	strake_fd_clear(&install->layers_fd);
	strake_progress_end(install->progress);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Install, install_clear)

static void note_excluded(Install *install, rpmfiles files, int i)
{
	g_autofree char *path = NULL;

	if (install->globs->len == 0)
		return;
	path = g_strconcat(rpmfilesDN(files, rpmfilesDI(files, i)), rpmfilesBN(files, i), NULL);
	if (strake_globs_match(install->globs, path))
		g_hash_table_add(install->excluded, g_steal_pointer(&path));
}

// A link such as /bin -> usr/bin must exist before a package that writes below /bin makes a
// directory of that name.
static void measure(Install *install, Item *item)
{
	rpmfiles files = rpmfilesNew(NULL, item->header, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY);
	int n = rpmfilesFC(files);

	for (int i = 0; i < n; i++) {
		mode_t mode = rpmfilesFMode(files, i);
		uint64_t size = S_ISREG(mode) ? (uint64_t)rpmfilesFSize(files, i) : 0;

		if (S_ISLNK(mode) && strcmp(rpmfilesDN(files, rpmfilesDI(files, i)), "/") == 0)
			item->early = true;
		if (!S_ISDIR(mode))
			install->result.newest_s =
				MAX(install->result.newest_s, (int64_t)rpmfilesFMtime(files, i));
		note_excluded(install, files, i);
		install->result.bytes += (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	}
	install->result.files += (uint64_t)n;
	rpmfilesFree(files);
}

static bool read_items(Install *install, GPtrArray *packages, GError **error)
{
	bool must_be_signed = install->options->public_key != NULL;

	for (guint i = 0; i < packages->len; i++) {
		const StrakePackage *package = g_ptr_array_index(packages, i);
		Item item = {.path = package->path};

		item.header = strake_rpm_read_header(
			install->ts, package->path, NULL, must_be_signed, error);
		if (item.header == NULL)
			return false;
		measure(install, &item);
		g_array_append_val(install->items, item);
	}
	return true;
}

static bool check_space(const Install *install, const char *root, GError **error)
{
	uint64_t wanted = install->result.bytes + install->options->reserve_bytes;
	struct statvfs fs;
	uint64_t have;

	if (statvfs(root, &fs) < 0)
		return strake_error_errno(error, errno, "look at the file system of", root);
	have = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (have >= wanted)
		return true;
	return strake_error_set(error, STRAKE_ERROR_NO_SPACE,
		"'%s' has %" G_GUINT64_FORMAT
		" MB of free space, but the packages need %" G_GUINT64_FORMAT
		" MB; nothing was written",
		root, have / 1000000, wanted / 1000000 + 1);
}

static void *notify(const void *header, const rpmCallbackType what, const rpm_loff_t amount,
	const rpm_loff_t total, fnpyKey key, rpmCallbackData data)
{
	Install *install = data;
	const Item *item = key;

	switch ((int)what) {
	case RPMCALLBACK_INST_OPEN_FILE:
		install->open = Fopen(item->path, "r.ufdio");
		return install->open;
	case RPMCALLBACK_INST_CLOSE_FILE:
		if (install->open != NULL)
			Fclose(install->open);
		install->open = NULL;
		break;
	case RPMCALLBACK_INST_START:
		if (install->layers_fd >= 0)
			break; // only its record is made; its files count
		strake_progress_add(
			install->progress, 1, headerGetString((Header)header, RPMTAG_NAME));
		break;
	case RPMCALLBACK_UNPACK_ERROR:
	case RPMCALLBACK_CPIO_ERROR:
		if (install->unpack_problem == NULL)
			install->unpack_problem =
				g_strdup_printf("unpacking '%s' failed", item->path);
		break;
	default:
		break;
	}
	return NULL;
}

static const char *or_unknown(const char *text)
{
	return text != NULL ? text : "?";
}

// One of librpm's problems as a sentence; free with g_free.
static char *problem_text(rpmProblem problem)
{
	const char *package = or_unknown(rpmProblemGetPkgNEVR(problem));
	const char *other = or_unknown(rpmProblemGetAltNEVR(problem));
	const char *what = or_unknown(rpmProblemGetStr(problem));
	char *raw;
	char *copy;

	switch ((int)rpmProblemGetType(problem)) {
	case RPMPROB_NEW_FILE_CONFLICT:
	case RPMPROB_FILE_CONFLICT:
		return g_strdup_printf(
			"'%s' is in %s and, with other content, in %s", what, package, other);
	case RPMPROB_REQUIRES:
		return g_strdup_printf(
			"%s needs %s, which no package to be installed provides", other, what);
	case RPMPROB_CONFLICT:
		return g_strdup_printf("%s conflicts with %s", other, what);
	case RPMPROB_VERIFY:
		return g_strdup_printf("%s does not verify: %s", package, what);
	case RPMPROB_PKG_INSTALLED:
		return g_strdup_printf("%s is installed already", package);
	default:
		raw = rpmProblemString(problem);
		copy = g_strdup(or_unknown(raw));
		free(raw);
		return copy;
	}
}

static bool report_problems(rpmps problems, GError **error)
{
	rpmpsi iterator = rpmpsInitIterator(problems);
	g_autoptr(GString) text = g_string_new(NULL);
	StrakeErrorCode code = STRAKE_ERROR_FAILED;
	rpmProblem problem;
	int n = 0;

	while ((problem = rpmpsiNext(iterator)) != NULL) {
		g_autofree char *line = problem_text(problem);

		if (rpmProblemGetType(problem) == RPMPROB_VERIFY)
			code = STRAKE_ERROR_INTEGRITY;
		if (++n <= MAX_PROBLEMS)
			g_string_append_printf(text, "\n  %s", line);
	}
	rpmpsFreeIterator(iterator);
	if (n > MAX_PROBLEMS)
		g_string_append_printf(text, "\n  and %d more", n - MAX_PROBLEMS);
	return strake_error_set(error, code,
		"the packages cannot be installed together; nothing was written:%s", text->str);
}

static void set_languages(const char *const *languages)
{
	g_autofree char *joined = NULL;

	if (languages != NULL)
		joined = *languages != NULL ? g_strjoinv(":", (char **)languages) : g_strdup("C");
	rpmPushMacro(NULL, "_install_langs", NULL, joined != NULL ? joined : "all", RMIL_CMDLINE);
}

// Excluded paths are, to librpm, relocations to nowhere. Free with g_free.
static rpmRelocation *make_relocations(const Install *install)
{
	const char *const *paths = install->options->exclude_paths;
	guint n = paths != NULL ? g_strv_length((char **)paths) : 0;
	rpmRelocation *list = g_new0(rpmRelocation, n + g_hash_table_size(install->excluded) + 1);
	GHashTableIter iterator;
	void *path;

	for (guint i = 0; i < n; i++)
		list[i].oldPath = (char *)paths[i];
	g_hash_table_iter_init(&iterator, install->excluded);
	while (g_hash_table_iter_next(&iterator, &path, NULL))
		list[n++].oldPath = path;
	return list;
}

static bool add_items(Install *install, GError **error)
{
	g_autofree rpmRelocation *relocations = make_relocations(install);

	for (int pass = 0; pass < 2; pass++)
		for (guint i = 0; i < install->items->len; i++) {
			Item *item = &g_array_index(install->items, Item, i);
			g_autofree char *log = NULL;

			if (item->early != (pass == 0))
				continue;
			if (rpmtsAddInstallElement(install->ts, item->header, item,
				    install->options->upgrade,
				    relocations->oldPath != NULL ? relocations : NULL) == 0)
				continue;
			log = strake_rpm_take_log();
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"package '%s' is not accepted: %s", item->path,
				log != NULL ? log : "unknown reason");
		}
	return true;
}

static bool run_transaction(Install *install, GError **error)
{
	rpmprobFilterFlags ignored = RPMPROB_FILTER_IGNOREOS | RPMPROB_FILTER_IGNOREARCH |
				     RPMPROB_FILTER_DISKSPACE | RPMPROB_FILTER_DISKNODES |
				     RPMPROB_FILTER_FORCERELOCATE;
	rpmtransFlags flags = RPMTRANS_FLAG_NOSCRIPTS | RPMTRANS_FLAG_NOTRIGGERS |
			      RPMTRANS_FLAG_NOPLUGINS | RPMTRANS_FLAG_NOCONTEXTS | _noTransScripts |
			      _noTransTriggers;
	g_autofree char *log = NULL;
	rpmps problems;
	int rc;

	if (install->options->upgrade)
		ignored |= RPMPROB_FILTER_OLDPACKAGE;
	if (install->options->no_docs)
		flags |= RPMTRANS_FLAG_NODOCS;
	if (install->layers_fd >= 0)
		flags |= RPMTRANS_FLAG_JUSTDB;
	rpmtsSetFlags(install->ts, flags);
	rpmtsSetNotifyCallback(install->ts, notify, install);
	// Contents were compared with their digests in the signed header when the layer was made.
	if (install->layers_fd >= 0)
		ignored |= RPMPROB_FILTER_VERIFY;
	g_free(strake_rpm_take_log());
	rc = rpmtsRun(install->ts, NULL, ignored);
	log = strake_rpm_take_log();
	if (rc == 0 && install->unpack_problem == NULL)
		return true;
	problems = rpmtsProblems(install->ts);
	if (rc > 0 && rpmpsNumProblems(problems) > 0) {
		report_problems(problems, error);
	} else {
		bool full = log != NULL && strstr(log, "No space left") != NULL;

		strake_error_set(error, full ? STRAKE_ERROR_NO_SPACE : STRAKE_ERROR_FAILED,
			"%s%s%s",
			install->unpack_problem != NULL ? install->unpack_problem
							: "installing the packages failed",
			log != NULL ? ": " : "", log != NULL ? log : "");
	}
	rpmpsFree(problems);
	return false;
}

static bool check_dependencies(Install *install, GError **error)
{
	rpmps problems;
	bool ok;

	rpmtsCheck(install->ts);
	problems = rpmtsProblems(install->ts);
	ok = rpmpsNumProblems(problems) == 0 || report_problems(problems, error);
	rpmpsFree(problems);
	rpmtsClean(install->ts);
	return ok;
}

// Packages of old tools lack the digest; librpm unpacks them, and all that come with them.
static bool have_layer_keys(Install *install, bool slim)
{
	for (guint i = 0; i < install->items->len; i++) {
		Item *item = &g_array_index(install->items, Item, i);

		item->layer = strake_layer_key(item->header, slim);
		if (item->layer == NULL)
			return false;
	}
	return true;
}

static bool make_layers(Install *install, GError **error)
{
	const StrakeInstallOptions *o = install->options;
	bool slim = o->no_docs && o->languages != NULL && *o->languages == NULL;
	bool any = false;

	if (o->layers == NULL || o->exclude_paths != NULL || o->upgrade ||
		!have_layer_keys(install, slim))
		return true;
	if (!strake_path_open_dir(AT_FDCWD, o->layers, &install->layers_fd, error))
		return false;
	for (guint i = 0; i < install->items->len; i++) {
		Item *item = &g_array_index(install->items, Item, i);

		if (!strake_cancel_check(error))
			return false;
		if (strake_layer_ready(install->layers_fd, item->layer, item->header, slim))
			continue;
		if (!strake_layer_make(
			    install->ts, item->path, install->layers_fd, item->layer, slim, error))
			return false;
		any = true;
	}
	if (any)
		strake_layer_expire(install->layers_fd);
	return true;
}

static const Item *item_of(const Install *install, Header header)
{
	const char *digest = headerGetString(header, RPMTAG_SHA256HEADER);

	for (guint i = 0; digest != NULL && i < install->items->len; i++) {
		const Item *item = &g_array_index(install->items, Item, i);
		if (g_str_has_prefix(item->layer, digest))
			return item;
	}
	return NULL;
}

typedef struct {
	const StrakeLayerSkip *skip;
	const Install *install;
} Skipped;

static bool note_skipped(Header header, void *data)
{
	const Skipped *skipped = data;
	const Item *item = item_of(skipped->install, header);

	return item != NULL && strake_layer_note_skipped(skipped->skip, item->header, header);
}

// Records cannot be changed while an iterator walks over all of them.
static void note_all_skipped(const Install *install, const StrakeLayerSkip *skip)
{
	Skipped skipped = {skip, install};
	g_autoptr(GArray) changed = g_array_new(FALSE, FALSE, sizeof(unsigned));
	rpmdbMatchIterator iterator = rpmtsInitIterator(install->ts, RPMDBI_PACKAGES, NULL, 0);
	Header header;

	while ((header = rpmdbNextIterator(iterator)) != NULL)
		if (note_skipped(header, &skipped)) {
			unsigned number = headerGetInstance(header);

			g_array_append_val(changed, number);
		}
	rpmdbFreeIterator(iterator);
	for (guint i = 0; i < changed->len; i++)
		strake_rpm_change(
			install->ts, g_array_index(changed, unsigned, i), note_skipped, &skipped);
}

static bool place_pass(
	Install *install, const StrakeLayerSkip *skip, bool early, int root_fd, GError **error)
{
	for (guint i = 0; i < install->items->len; i++) {
		const Item *item = &g_array_index(install->items, Item, i);

		if (item->early != early)
			continue;
		strake_progress_add(
			install->progress, 1, headerGetString(item->header, RPMTAG_NAME));
		if (!strake_cancel_check(error) ||
			!strake_layer_place(install->layers_fd, item->layer, item->header, skip,
				root_fd, error))
			return false;
	}
	return true;
}

// In the order in which librpm was given the packages.
static bool place_layers(Install *install, const char *root, GError **error)
{
	const StrakeLayerSkip skip = {.no_docs = install->options->no_docs,
		.languages = install->options->languages,
		.excluded = install->excluded};
	g_auto(strake_fd) root_fd = -1;

	if (install->layers_fd < 0)
		return true;
	if (!strake_path_open_dir(AT_FDCWD, root, &root_fd, error) ||
		!place_pass(install, &skip, true, root_fd, error) ||
		!place_pass(install, &skip, false, root_fd, error))
		return false;
	rpmtsSetDBMode(install->ts, O_RDWR);
	note_all_skipped(install, &skip);
	return true;
}

bool strake_install(const char *root, GPtrArray *packages, const StrakeInstallOptions *options,
	StrakeInstallResult *out_result, GError **error)
{
	g_auto(Install) install = {.options = options, .layers_fd = -1};
	g_autofree char *absolute = g_canonicalize_filename(root, NULL);

	install.items = g_array_new(FALSE, FALSE, sizeof(Item));
	g_array_set_clear_func(install.items, item_clear);
	install.excluded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	install.globs = strake_globs_new(options->exclude_globs, error);
	if (install.globs == NULL || !strake_rpm_setup(options->database, error))
		return false;
	set_languages(options->languages);
	install.ts = strake_rpm_ts_new(absolute, options->public_key, options->time_s, error);
	// The payload of a package whose layer is there is not read; that of another is verified
	// file by file while it is unpacked.
	if (install.ts != NULL && options->layers != NULL)
		rpmtsSetVSFlags(install.ts, rpmtsVSFlags(install.ts) | RPMVSF_NEEDPAYLOAD);
	if (install.ts == NULL || !read_items(&install, packages, error) ||
		!check_space(&install, absolute, error) || !add_items(&install, error) ||
		!check_dependencies(&install, error) || !strake_cancel_check(error))
		return false;
	install.progress = strake_progress_new("install", packages->len, false);
	if (!make_layers(&install, error) || !run_transaction(&install, error) ||
		!place_layers(&install, absolute, error))
		return false;
	rpmtsFree(install.ts);
	install.ts = NULL;
	if (!strake_rpm_tidy_database(absolute, options->database, error))
		return false;
	install.result.packages = packages->len;
	if (out_result != NULL)
		*out_result = install.result;
	return true;
}

typedef struct {
	const char *root;
	GPtrArray *packages;
	const StrakeInstallOptions *options;
} Call;

static bool install_inside(void *data, int out_fd, GError **error)
{
	const Call *call = data;
	StrakeInstallResult result;

	return strake_install(call->root, call->packages, call->options, &result, error) &&
	       strake_fd_write_all(out_fd, &result, sizeof(result), "result", error);
}

bool strake_install_sandboxed(const char *root, GPtrArray *packages,
	const StrakeInstallOptions *options, StrakeInstallResult *out_result, GError **error)
{
	// The host's root stays: librpm needs its configuration, packages may be anywhere.
	static const char *const env[] = {"HOME=/nonexistent", NULL};
	static const StrakeSandbox sandbox = {.env = env, .cwd = "/"};
	Call call = {root, packages, options};
	g_autofree char *absolute = g_canonicalize_filename(root, NULL);
	g_autoptr(GBytes) out = NULL;

	call.root = absolute;
	if (!strake_sandbox_call(&sandbox, install_inside, &call, &out, error))
		return false;
	if (out_result != NULL && g_bytes_get_size(out) == sizeof(*out_result))
		memcpy(out_result, g_bytes_get_data(out, NULL), sizeof(*out_result));
	return true;
}
