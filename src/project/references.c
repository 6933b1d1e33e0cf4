// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What one part of the definitions says about another: every name that is used must be defined.
#include <string.h>

#include "base/glob.h"
#include "base/nearest.h"
#include "project/project_private.h"

typedef struct {
	StrakeProject *p;
	StrakeLoad *load;
} Check;

static void dangling(Check *c, StrakeOrigin at, const GError *error, const char *user)
{
	strake_load_problem(c->load, at, "%s: %s", user, error->message);
}

static void check_ref(Check *c, const StrakeDistroRef *ref, StrakeOrigin at, const char *user)
{
	g_autoptr(GError) error = NULL;

	if (ref->name == NULL)
		return;
	at = strake_project_source(c->p, ref->version != NULL ? &ref->version : &ref->name, at);
	if (strake_project_distro_version(c->p, ref, &error) == NULL)
		dangling(c, at, error, user);
}

static void check_overlays(Check *c, const GPtrArray *overlays)
{
	for (guint i = 0; c->p->all.project.strict && overlays != NULL && i < overlays->len; i++) {
		const StrakeOverlay *o = overlays->pdata[i];
		if (o->description == NULL || *o->description == '\0')
			strake_load_problem(c->load, o->origin,
				"an overlay of type '%s' has no 'description'; in a strict project "
				"every change says why it is made",
				strake_overlay_type_name(o->type));
		strake_overlay_check_unused(c->load, o, c->p->sources);
	}
}

static void check_component(
	Check *c, const StrakeComponent *component, StrakeOrigin at, const char *user)
{
	check_ref(c, &component->spec.upstream_distro, at, user);
	check_overlays(c, component->overlays);
}

static void needs(
	Check *c, bool given, StrakeOrigin at, const char *what, const char *name, const char *key)
{
	if (!given)
		strake_load_problem(c->load, at, "%s '%s' needs the key '%s'", what, name, key);
}

static void check_distros(Check *c)
{
	const GPtrArray *distros = c->p->all.distros;

	for (guint i = 0; distros != NULL && i < distros->len; i++) {
		const StrakeDistro *distro = distros->pdata[i];
		StrakeDistroRef ref = {.name = distro->name};
		g_autoptr(GError) error = NULL;
		if (distro->default_version != NULL &&
			strake_project_distro_version(c->p, &ref, &error) == NULL)
			dangling(c,
				strake_project_source(c->p, &distro->default_version, distro->at),
				error, "default-version");
		for (guint j = 0; distro->versions != NULL && j < distro->versions->len; j++) {
			const StrakeDistroVersion *v = distro->versions->pdata[j];
			g_autoptr(GError) none = NULL;
			if (v->upstream != NULL &&
				strake_project_upstream(c->p, v->upstream, &none) == NULL)
				dangling(c, strake_project_source(c->p, &v->upstream, v->at), none,
					"upstream");
			needs(c, v->release_ver != NULL, v->at, "distro version", v->name,
				"release-ver");
			check_component(c, &v->defaults, v->at, "upstream-distro");
		}
	}
}

// A repository that nobody vouches for is refused: by whom it is signed, or that nobody is asked.
static void check_rpm_md(Check *c, const StrakeUpstream *u)
{
	const StrakeDistro *distro =
		u->distro != NULL ? strake_project_distro(c->p, u->distro, NULL) : NULL;
	const char *wrong = NULL;

	if ((u->base_uri != NULL) == (u->distro != NULL))
		wrong = "needs one of the keys 'base-uri' and 'distro'";
	else if (distro != NULL && (distro->repos == NULL || distro->repos->len == 0))
		wrong = "names a distro that has no 'repos'";
	else if (u->distro != NULL && u->mirrors != NULL)
		wrong = "has 'mirrors', which belong to 'base-uri' or to the distro's 'repos'";
	else if (u->gpg_key == NULL && !u->disable_gpg_check)
		wrong = "needs a 'gpg-key', or 'disable-gpg-check = true'";
	else if (u->gpg_key == NULL && u->repo_gpg_check)
		wrong = "asks for 'repo-gpg-check' and has no 'gpg-key' to check with";
	if (wrong != NULL)
		strake_load_problem(c->load, u->origin, "upstream '%s' %s", u->name, wrong);
}

// Whole upstreams: a file may give one key, for instance the mirror of this machine.
static void check_upstreams(Check *c)
{
	const GPtrArray *list = c->p->all.upstreams;

	for (guint i = 0; list != NULL && i < list->len; i++) {
		const StrakeUpstream *u = list->pdata[i];
		const char *const wanted[] = {
			[STRAKE_UPSTREAM_DEB] = u->suite, [STRAKE_UPSTREAM_DIST_GIT] = u->distro};
		static const char *const keys[] = {
			[STRAKE_UPSTREAM_DEB] = "suite", [STRAKE_UPSTREAM_DIST_GIT] = "distro"};
		g_autoptr(GError) error = NULL;
		bool has_kind = g_hash_table_contains(c->p->sources, &u->kind);
		needs(c, has_kind, u->origin, "upstream", u->name, "kind");
		if (has_kind && u->kind == STRAKE_UPSTREAM_RPM_MD)
			check_rpm_md(c, u);
		else if (has_kind)
			needs(c, wanted[u->kind] != NULL, u->origin, "upstream", u->name,
				keys[u->kind]);
		if (u->distro != NULL && strake_project_distro(c->p, u->distro, &error) == NULL)
			dangling(c, strake_project_source(c->p, &u->distro, u->origin), error,
				"upstream");
	}
}

// The place of element @index of the list at @address.
static StrakeOrigin element(Check *c, const void *address, size_t index, StrakeOrigin or_else)
{
	const StrakeFieldSource *source = g_hash_table_lookup(c->p->sources, address);

	if (source == NULL || source->value->kind != STRAKE_TOML_ARRAY ||
		index >= source->value->array.count)
		return or_else;
	const StrakeTomlValue *item = &source->value->array.items[index];
	return (StrakeOrigin){source->file, item->line, item->column};
}

static const char *nearest_component(Check *c, const char *name)
{
	g_autofree const char **names =
		(const char **)g_hash_table_get_keys_as_array(c->p->components, NULL);

	return strake_nearest(name, names);
}

static void check_groups(Check *c)
{
	const GPtrArray *groups = c->p->all.component_groups;

	for (guint i = 0; groups != NULL && i < groups->len; i++) {
		const StrakeComponentGroup *group = groups->pdata[i];
		for (size_t j = 0; group->components != NULL && group->components[j] != NULL; j++) {
			const char *name = group->components[j];
			const char *near;
			if (g_hash_table_contains(c->p->components, name))
				continue;
			near = nearest_component(c, name);
			strake_load_problem(c->load, element(c, &group->components, j, group->at),
				"component group '%s' names the component '%s', which is not "
				"defined%s%s%s",
				group->name, name, near != NULL ? "; did you mean '" : "",
				near != NULL ? near : "", near != NULL ? "'?" : "");
		}
		check_component(c, &group->defaults, group->at, group->name);
	}
}

static bool is_named(const GPtrArray *list, const char *name)
{
	for (guint i = 0; list != NULL && i < list->len; i++)
		if (strcmp(*(char **)list->pdata[i], name) == 0)
			return true;
	return false;
}

static void check_build_groups(Check *c)
{
	char **const *names = &c->p->all.project.build_groups;
	const GPtrArray *groups = c->p->all.component_groups;
	StrakeOrigin nowhere = {0};

	for (size_t i = 0; *names != NULL && (*names)[i] != NULL; i++)
		if (!is_named(groups, (*names)[i]))
			strake_load_problem(c->load, element(c, names, i, nowhere),
				"build-groups names the component group '%s', which is not defined",
				(*names)[i]);
}

static void check_package_groups(Check *c)
{
	g_autoptr(GHashTable) owner = g_hash_table_new(g_str_hash, g_str_equal);
	const GPtrArray *groups = c->p->all.package_groups;

	for (guint i = 0; groups != NULL && i < groups->len; i++) {
		const StrakePackageGroup *group = groups->pdata[i];
		for (size_t j = 0; group->packages != NULL && group->packages[j] != NULL; j++) {
			const StrakePackageGroup *other =
				g_hash_table_lookup(owner, group->packages[j]);
			if (other != NULL)
				strake_load_problem(c->load,
					element(c, &group->packages, j, group->at),
					"package '%s' is in the groups '%s' and '%s'; a package is "
					"in one at most",
					group->packages[j], other->name, group->name);
			g_hash_table_insert(owner, group->packages[j], (void *)group);
		}
	}
}

static void check_images(Check *c)
{
	const GPtrArray *images = c->p->all.images;

	for (guint i = 0; images != NULL && i < images->len; i++) {
		const StrakeImageDef *image = images->pdata[i];
		for (guint j = 0; image->test_suites != NULL && j < image->test_suites->len; j++) {
			const StrakeImageTest *test = image->test_suites->pdata[j];
			if (test->name != NULL && !is_named(c->p->all.test_suites, test->name))
				strake_load_problem(c->load, test->at,
					"image '%s' names the test suite '%s', which is not "
					"defined",
					image->name, test->name);
		}
	}
}

static StrakeImageDef *find_image(const GPtrArray *images, const char *name)
{
	for (guint i = 0; images != NULL && i < images->len; i++) {
		StrakeImageDef *image = images->pdata[i];
		if (strcmp(image->name, name) == 0)
			return image;
	}
	return NULL;
}

// An image over its base. A base has none itself: one look says what an image is.
static void resolve_image(Check *c, StrakeImageDef *image)
{
	const StrakeImageDef *base = find_image(c->p->all.images, image->base);
	StrakeOrigin at = strake_project_source(c->p, &image->base, image->at);
	StrakeImageDef own = *image;

	if (base == NULL || base->base != NULL) {
		strake_load_problem(c->load, at, "image '%s': base '%s' is %s", image->name,
			image->base,
			base == NULL ? "not defined"
				     : "an image with a base itself; name that one");
		return;
	}
	*image = *base;
	image->name = own.name;
	image->at = own.at;
	strake_schema_merge(&strake_image_schema, STRAKE_MERGE_INHERIT, c->p->arena, c->p->sources,
		image, &own);
}

static void resolve_images(Check *c)
{
	const GPtrArray *images = c->p->all.images;

	for (guint i = 0; images != NULL && i < images->len; i++)
		if (((StrakeImageDef *)images->pdata[i])->base != NULL)
			resolve_image(c, images->pdata[i]);
}

void strake_project_check_references(StrakeProject *project, StrakeLoad *load)
{
	Check c = {project, load};
	const StrakeDistroRef *ref = &project->all.project.default_distro;
	StrakeOrigin nowhere = {0};

	check_ref(&c, ref, nowhere, "default-distro");
	check_distros(&c);
	check_upstreams(&c);
	check_component(&c, &project->all.default_component, nowhere, "default-component-config");
	for (guint i = 0; project->all.components != NULL && i < project->all.components->len;
		i++) {
		const StrakeComponent *component = project->all.components->pdata[i];
		check_component(&c, component, component->origin, component->name);
	}
	check_groups(&c);
	check_build_groups(&c);
	check_package_groups(&c);
	resolve_images(&c);
	check_images(&c);
	strake_project_check_resources(project, load);
}
