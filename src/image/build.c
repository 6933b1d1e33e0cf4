// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Ties definition, packages and composer together.
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
#include "image/compose.h"
#include "repo/keys.h"

enum { DEFAULT_TIME_S = 1760000000 };

void strake_image_build_result_clear(StrakeImageBuildResult *result)
{
	g_clear_pointer(&result->manifest, g_free);
}

// SOURCE_DATE_EPOCH, as other reproducible builds have it.
static bool source_date(int64_t *out, GError **error)
{
	const char *text = g_getenv("SOURCE_DATE_EPOCH");
	guint64 value = DEFAULT_TIME_S;

	if (text != NULL &&
		!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, error)) {
		g_prefix_error(error, "SOURCE_DATE_EPOCH: ");
		return false;
	}
	*out = (int64_t)value;
	return true;
}

static char *out_dir(StrakeProject *project, const StrakeImageBuildOptions *o, GError **error)
{
	g_autofree char *dir = o->out != NULL
				       ? g_canonicalize_filename(o->out, NULL)
				       : g_build_filename(strake_project_output_dir(project),
						 "images", NULL);

	if (!strake_path_mkdirs(AT_FDCWD, dir, error))
		return NULL;
	return g_steal_pointer(&dir);
}

bool strake_image_build(StrakeProject *project, StrakeStore *store, const char *name,
	const StrakeImageBuildOptions *options, StrakeImageBuildResult *out_result, GError **error)
{
	static const StrakeImageBuildOptions defaults;
	const StrakeImageBuildOptions *o = options != NULL ? options : &defaults;
	const StrakeImageDef *def = strake_project_image(project, name, error);
	g_autoptr(StrakeKeys) keys = NULL;
	g_autoptr(StrakeTmpdir) work = NULL;
	g_autofree char *out = NULL;
	g_autofree char *seed = NULL;
	StrakeCompose compose = {.store = store, .def = def, .jobs = o->jobs};

	if (def == NULL)
		return false;
	out = out_dir(project, o, error);
	if (out == NULL || !source_date(&compose.time_s, error))
		return false;
	keys = strake_keys_open(o->keys, NULL, error);
	work = keys != NULL ? strake_tmpdir_new(out, error) : NULL;
	if (work == NULL)
		return false;
	seed = strake_digest_data(STRAKE_DIGEST_SHA256, name, strlen(name));
	compose.keys = keys;
	compose.work = work->path;
	compose.out = out;
	compose.seed = seed;
	compose.root = o->from_root;
	compose.tools = o->tools;
	if (!strake_compose_disk(&compose, error)) {
		g_prefix_error(error, "image '%s': ", name);
		return false;
	}
	if (out_result != NULL)
		*out_result = (StrakeImageBuildResult){
			.manifest = g_strdup_printf("%s/%s.manifest.json", out, name)};
	return true;
}
