// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Whether the files that definitions name are there, and rules over whole resolved components.
#include <string.h>

#include "project/project_private.h"

typedef struct {
	StrakeProject *p;
	StrakeLoad *load;
	GHashTable *seen; // overlays looked at: they are shared by all that inherit them
} Check;

static void need_file(Check *c, const char *path, StrakeOrigin at, const char *key)
{
	if (path != NULL && !g_file_test(path, G_FILE_TEST_EXISTS))
		strake_load_problem(c->load, at, "%s: there is no file '%s'", key, path);
}

static void check_overlays(Check *c, const GPtrArray *overlays)
{
	for (guint i = 0; overlays != NULL && i < overlays->len; i++) {
		StrakeOverlay *o = overlays->pdata[i];
		if (o->source == NULL || !g_hash_table_add(c->seen, o))
			continue;
		need_file(
			c, o->source, strake_project_source(c->p, &o->source, o->origin), "source");
	}
}

static bool has_archive_overlay(const StrakeComponent *c, const char *archive)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeOverlay *o = c->overlays->pdata[i];
		if (o->archive != NULL && strcmp(o->archive, archive) == 0)
			return true;
	}
	return false;
}

static bool has_overlay_source(const StrakeComponent *c, const char *archive)
{
	for (guint i = 0; c->source_files != NULL && i < c->source_files->len; i++) {
		const StrakeSourceFile *file = c->source_files->pdata[i];
		if (file->origin.type == STRAKE_SOURCE_ORIGIN_OVERLAY &&
			strcmp(file->filename, archive) == 0)
			return true;
	}
	return false;
}

// An edited archive needs the hash of the result, and a hash needs the edit.
static void check_archives(Check *c, const StrakeComponent *component)
{
	for (guint i = 0; component->source_files != NULL && i < component->source_files->len;
		i++) {
		const StrakeSourceFile *file = component->source_files->pdata[i];
		for (guint j = 0; j < i; j++) {
			const StrakeSourceFile *other = component->source_files->pdata[j];
			if (strcmp(file->filename, other->filename) == 0)
				strake_load_problem(c->load, file->at,
					"component '%s': the source file '%s' is listed twice",
					component->name, file->filename);
		}
		if (file->origin.type == STRAKE_SOURCE_ORIGIN_OVERLAY &&
			!has_archive_overlay(component, file->filename))
			strake_load_problem(c->load, file->at,
				"component '%s': no overlay edits the archive '%s' that this "
				"source file of origin 'overlay' describes",
				component->name, file->filename);
	}
	for (guint i = 0; i < component->overlays->len; i++) {
		const StrakeOverlay *o = component->overlays->pdata[i];
		if (o->archive != NULL && !has_overlay_source(component, o->archive))
			strake_load_problem(c->load, o->origin,
				"component '%s': this overlay edits the archive '%s', so a "
				"source-files entry with origin = { type = \"overlay\" } must hold "
				"the hash of the result",
				component->name, o->archive);
	}
}

static void check_spec_name(Check *c, const StrakeComponent *component)
{
	g_autofree char *base = g_path_get_basename(component->spec.path);
	g_autofree char *wanted = g_strconcat(component->name, ".spec", NULL);

	if (strcmp(base, wanted) != 0)
		strake_load_problem(c->load, component->origin,
			"component '%s': its local spec is '%s' but must be named '%s'",
			component->name, base, wanted);
}

static void check_component(Check *c, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeComponent) component = strake_project_resolve(c->p, name, &error);
	const StrakeComponent *own = g_hash_table_lookup(c->p->components, name);

	if (component == NULL) {
		strake_load_problem(c->load, (StrakeOrigin){0}, "%s", error->message);
		return;
	}
	check_overlays(c, component->overlays);
	check_archives(c, component);
	if (component->spec.type == STRAKE_SPEC_LOCAL && component->spec.path == NULL)
		strake_load_problem(c->load, component->origin,
			"component '%s': a local spec needs a 'spec.path'", name);
	if (component->spec.type == STRAKE_SPEC_LOCAL && component->spec.path != NULL)
		check_spec_name(c, component);
	if (component->spec.path != NULL)
		need_file(c, component->spec.path,
			strake_project_source(c->p, &own->spec.path, component->origin),
			"spec.path");
	g_free(strake_component_macros(component, NULL, &error));
	if (error != NULL)
		strake_load_problem(c->load, (StrakeOrigin){0}, "%s", error->message);
}

static void check_image(Check *c, const StrakeImageDef *image)
{
	for (guint i = 0; image->files != NULL && i < image->files->len; i++) {
		const StrakeImageFile *file = image->files->pdata[i];
		need_file(c, file->source, strake_project_source(c->p, &file->source, file->at),
			"source");
	}
	for (char **cil = image->selinux.cil; cil != NULL && *cil != NULL; cil++)
		need_file(c, *cil, strake_project_source(c->p, &image->selinux.cil, image->at),
			"selinux.cil");
}

void strake_project_check_files(StrakeProject *project, StrakeLoad *load)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	Check c = {project, load, seen};
	const StrakeDefinitions *all = &project->all;

	for (guint i = 0; all->components != NULL && i < all->components->len; i++)
		check_component(&c, *(char **)all->components->pdata[i]);
	for (guint i = 0; all->images != NULL && i < all->images->len; i++)
		check_image(&c, all->images->pdata[i]);
	for (guint i = 0; all->upstreams != NULL && i < all->upstreams->len; i++) {
		const StrakeUpstream *u = all->upstreams->pdata[i];
		need_file(&c, u->keyring, strake_project_source(project, &u->keyring, u->origin),
			"keyring");
	}
}
