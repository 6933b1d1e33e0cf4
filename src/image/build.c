// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Ties definition, packages and composer together, and skips what is there already.
#include "image/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "format/json.h"
#include "image/compose.h"
#include "image/init_program.h"
#include "image/inventory.h"
#include "image/root.h"
#include "pkg/solve.h"
#include "repo/keys.h"

enum {
	DEFAULT_TIME_S = 1760000000,
	MANIFEST_MAX_BYTES = 64 << 20,
	FORMAT_VERSION = 1, // raise when the same inputs are to give another image
};

typedef struct {
	const StrakeImageBuildOptions *o;
	StrakeRootSource source;
	StrakeCompose compose;
	StrakeKeys *keys;
	GPtrArray *packages;
	char *out;
	char *manifest;
	char *seed;
	char *tools;
	char *root;
	StrakeTmpdir *work;
	GPtrArray *lines; // of packages, for the manifest
} Build;

static void build_clear(Build *b)
{
	if (b->root != NULL && b->o->from_root == NULL) {
		if (!strake_root_remove(b->root, NULL))
			strake_warn("could not remove '%s'", b->root);
	}
	g_clear_pointer(&b->work, strake_tmpdir_free);
	g_clear_pointer(&b->keys, strake_keys_free);
	g_clear_pointer(&b->packages, g_ptr_array_unref);
	g_clear_pointer(&b->lines, g_ptr_array_unref);
	g_free(b->out);
	g_free(b->manifest);
	g_free(b->seed);
	g_free(b->tools);
	g_free(b->root);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Build, build_clear)

void strake_image_build_result_clear(StrakeImageBuildResult *result)
{
	g_clear_pointer(&result->manifest, g_free);
}

// SOURCE_DATE_EPOCH, as other reproducible builds have it.
static bool source_date(int64_t *out, GError **error)
{
	const char *text = g_getenv("SOURCE_DATE_EPOCH");
	guint64 value = DEFAULT_TIME_S;

	if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, error)) {
		g_prefix_error(error, "SOURCE_DATE_EPOCH: ");
		return false;
	}
	*out = (int64_t)value;
	return true;
}

static void digest_text(StrakeDigest *digest, const char *text)
{
	strake_digest_update(digest, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

// Files that a definition names count by their content.
static void digest_file(StrakeDigest *digest, const char *path)
{
	g_autofree char *content = NULL;
	gsize size = 0;

	digest_text(digest, "file");
	if (path != NULL && g_file_get_contents(path, &content, &size, NULL))
		strake_digest_update(digest, content, size);
}

static bool digest_definition(
	StrakeDigest *digest, StrakeProject *project, const StrakeImageDef *def, GError **error)
{
	const StrakeProjectDump what = {0};
	g_autofree char *dump = strake_project_dump(project, &what, error);
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autofree char *text = NULL;
	JsonObject *images;

	if (dump == NULL || !json_parser_load_from_data(parser, dump, -1, error))
		return false;
	images = json_object_get_object_member(
		json_node_get_object(json_parser_get_root(parser)), "images");
	if (images != NULL && json_object_has_member(images, def->name))
		text = json_to_string(json_object_get_member(images, def->name), FALSE);
	digest_text(digest, text);
	for (char **cil = def->selinux.cil; cil != NULL && *cil != NULL; cil++)
		digest_file(digest, *cil);
	for (guint i = 0; def->files != NULL && i < def->files->len; i++)
		digest_file(digest, ((const StrakeImageFile *)def->files->pdata[i])->source);
	return true;
}

static bool make_seed(Build *b, StrakeProject *project, GError **error)
{
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	g_autoptr(GBytes) certificate = NULL;
	g_autofree char *packages = b->packages != NULL ? strake_root_digest(b->packages) : NULL;
	g_autofree char *tools = g_path_get_basename(b->tools);
	g_autofree char *numbers = g_strdup_printf(
		"%d %" G_GINT64_FORMAT " " STRAKE_VERSION, FORMAT_VERSION, b->source.time_s);
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (!strake_keys_secure_boot(b->keys, NULL, &certificate, NULL, NULL, error) ||
		!digest_definition(digest, project, b->compose.def, error))
		return false;
	digest_text(digest, numbers);
	digest_text(digest, packages);
	digest_text(digest, b->o->tools != NULL ? "" : tools);
	strake_digest_update(
		digest, g_bytes_get_data(certificate, NULL), g_bytes_get_size(certificate));
	strake_digest_update(digest, strake_init_program, strake_init_program_size);
	strake_digest_hex(digest, hex);
	b->seed = g_strdup(hex);
	return true;
}

// The manifest names the inputs, and each output with its size.
static bool is_current(const Build *b)
{
	g_autoptr(GBytes) bytes =
		strake_file_read_at(AT_FDCWD, b->manifest, MANIFEST_MAX_BYTES, NULL);
	g_autoptr(JsonNode) manifest = NULL;
	JsonObject *root;
	JsonArray *outputs;

	if (bytes == NULL || b->o->force || b->o->from_root != NULL)
		return false;
	manifest = strake_json_parse(bytes, b->manifest, NULL);
	if (manifest == NULL)
		return false;
	root = json_node_get_object(manifest);
	outputs = strake_json_array(root, "outputs");
	if (outputs == NULL ||
		g_strcmp0(json_object_get_string_member_with_default(root, "inputs-sha256", ""),
			b->seed) != 0)
		return false;
	for (guint i = 0; i < json_array_get_length(outputs); i++) {
		JsonObject *one = strake_json_object_at(outputs, i);
		if (one == NULL)
			return false;
		g_autofree char *path = g_build_filename(
			b->out, json_object_get_string_member_with_default(one, "file", ""), NULL);
		struct stat st;

		if (stat(path, &st) < 0 ||
			(int64_t)st.st_size !=
				json_object_get_int_member_with_default(one, "bytes", -1))
			return false;
	}
	return true;
}

static bool prepare(Build *b, StrakeProject *project, StrakeStore *store, GError **error)
{
	const StrakeImageDef *def = b->compose.def;

	b->out = b->o->out != NULL
			 ? g_canonicalize_filename(b->o->out, NULL)
			 : g_build_filename(strake_project_output_dir(project), "images", NULL);
	b->manifest = g_strdup_printf("%s/%s.manifest.json", b->out, def->name);
	b->keys = strake_keys_open(b->o->keys, NULL, error);
	if (b->keys == NULL || !source_date(&b->source.time_s, error) ||
		!strake_path_mkdirs(AT_FDCWD, b->out, error))
		return false;
	b->source.project = project;
	b->source.store = store;
	b->source.keys = b->keys;
	b->source.repositories = b->o->repositories;
	b->tools =
		b->o->tools != NULL ? g_strdup(b->o->tools) : strake_root_tools(&b->source, error);
	if (b->tools == NULL)
		return false;
	if (b->o->from_root == NULL &&
		(b->packages = strake_root_choose(&b->source, def, error)) == NULL)
		return false;
	return make_seed(b, project, error);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_packages(Build *b)
{
	b->lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; b->packages != NULL && i < b->packages->len; i++) {
		const StrakePackage *p = b->packages->pdata[i];
		g_ptr_array_add(b->lines, g_strdup_printf("%s %s %" G_GUINT64_FORMAT, p->nevra,
						  p->sha256, p->installed_bytes));
	}
	g_ptr_array_sort(b->lines, by_text);
	g_ptr_array_add(b->lines, NULL);
}

// An image without outputs, such as the tools tree, has nothing to describe.
static bool describe(const Build *b, GError **error)
{
	char **outputs = b->compose.def->outputs;

	return (outputs != NULL && *outputs == NULL) ||
	       strake_inventory_write(
		       b->out, b->compose.def->name, b->packages, b->seed, b->source.time_s, error);
}

static bool install(Build *b, GError **error)
{
	if (b->o->from_root != NULL) {
		b->root = g_strdup(b->o->from_root);
		return true;
	}
	b->root = g_build_filename(b->work->path, "root", NULL);
	if (mkdir(b->root, 0755) < 0)
		return strake_error_errno(error, errno, "make", b->root);
	return strake_root_install(
		&b->source, b->compose.def, b->packages, b->root, &b->compose.keep_s, error);
}

bool strake_image_build(StrakeProject *project, StrakeStore *store, const char *name,
	const StrakeImageBuildOptions *options, StrakeImageBuildResult *out_result, GError **error)
{
	static const StrakeImageBuildOptions defaults;
	g_auto(Build) b = {.o = options != NULL ? options : &defaults};
	bool unchanged;

	b.compose.def = strake_project_image(project, name, error);
	if (b.compose.def == NULL)
		return false;
	if (!prepare(&b, project, store, error)) {
		g_prefix_error(error, "image '%s': ", name);
		return false;
	}
	unchanged = is_current(&b);
	if (!unchanged) {
		b.work = strake_tmpdir_new(b.out, error);
		if (b.work == NULL || chmod(b.work->path, 0755) < 0 || !install(&b, error)) {
			g_prefix_error(error, "image '%s': ", name);
			return false;
		}
		list_packages(&b);
		b.compose.store = store;
		b.compose.keys = b.keys;
		b.compose.root = b.root;
		b.compose.tools = b.tools;
		b.compose.work = b.work->path;
		b.compose.out = b.out;
		b.compose.seed = b.seed;
		b.compose.time_s = b.source.time_s;
		b.compose.jobs = b.o->jobs;
		b.compose.packages = (const char *const *)b.lines->pdata;
		if (!strake_compose(&b.compose, error) || !describe(&b, error)) {
			g_prefix_error(error, "image '%s': ", name);
			return false;
		}
	}
	if (out_result != NULL)
		*out_result = (StrakeImageBuildResult){
			.unchanged = unchanged, .manifest = g_steal_pointer(&b.manifest)};
	return true;
}
