// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Repository sets laid out by templates, and the inputs of distro versions that name them.
#include <string.h>

#include "project/project_private.h"

// The two layouts that azldev brings along.
static const StrakeSubrepo standard[] = {
	{.name = (char *)"base", .subpath = (char *)"base/$basearch", .kind = (char *)"binary"},
	{.name = (char *)"base-debug",
		.subpath = (char *)"base/debuginfo/$basearch",
		.kind = (char *)"debug"},
	{.name = (char *)"base-src", .subpath = (char *)"base/srpms", .kind = (char *)"source"},
	{.name = (char *)"sdk", .subpath = (char *)"sdk/$basearch", .kind = (char *)"binary"},
	{.name = (char *)"sdk-debug",
		.subpath = (char *)"sdk/debuginfo/$basearch",
		.kind = (char *)"debug"},
	{.name = (char *)"sdk-src", .subpath = (char *)"sdk/srpms", .kind = (char *)"source"},
};
static const StrakeSubrepo koji[] = {
	{.name = (char *)"binary", .subpath = (char *)"$basearch", .kind = (char *)"binary"},
	{.name = (char *)"debug", .subpath = (char *)"$basearch/debug", .kind = (char *)"debug"},
	{.name = (char *)"src", .subpath = (char *)"src", .kind = (char *)"source"},
};
static const struct {
	const char *name;
	const StrakeSubrepo *subrepos;
	size_t count;
} built_in[] = {
	{"azl-standard", standard, G_N_ELEMENTS(standard)},
	{"koji-dist-repo", koji, G_N_ELEMENTS(koji)},
};

typedef struct {
	StrakeProject *p;
	StrakeLoad *load;
	GHashTable *repos; // identifier -> StrakeRpmRepo *, also those that sets stand for
} Repos;

static void *find(const GPtrArray *list, const char *name)
{
	for (guint i = 0; list != NULL && i < list->len; i++)
		if (strcmp(*(char **)list->pdata[i], name) == 0)
			return list->pdata[i];
	return NULL;
}

// The sub-repositories of template @name as a fresh list, NULL when there is none.
static GPtrArray *subrepos_of(const Repos *r, const char *name)
{
	const StrakeRepoTemplate *own = find(r->p->all.resources.templates, name);
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; own != NULL && own->subrepos != NULL && i < own->subrepos->len; i++)
		g_ptr_array_add(list, own->subrepos->pdata[i]);
	if (own != NULL)
		return list;
	for (size_t i = 0; i < G_N_ELEMENTS(built_in); i++) {
		if (strcmp(built_in[i].name, name) != 0)
			continue;
		for (size_t j = 0; j < built_in[i].count; j++)
			g_ptr_array_add(list, (void *)&built_in[i].subrepos[j]);
		return list;
	}
	g_ptr_array_unref(list);
	return NULL;
}

static void add_repo(Repos *r, char *name, StrakeRpmRepo *repo, StrakeOrigin at)
{
	if (g_hash_table_contains(r->repos, name))
		strake_load_problem(r->load, at,
			"the repository '%s' is defined twice, by name or by a repository set",
			name);
	else
		g_hash_table_insert(r->repos, name, repo);
}

static bool wanted(const StrakeRepoSet *set, const char *name)
{
	return set->subrepos == NULL || set->subrepos[0] == NULL ||
	       g_strv_contains((const char *const *)set->subrepos, name);
}

static void check_allowed(Repos *r, const StrakeRepoSet *set, const GPtrArray *subrepos)
{
	for (size_t i = 0; set->subrepos != NULL && set->subrepos[i] != NULL; i++) {
		bool known = false;
		for (guint j = 0; j < subrepos->len; j++) {
			const StrakeSubrepo *sub = subrepos->pdata[j];
			known |= strcmp(sub->name, set->subrepos[i]) == 0;
		}
		if (!known)
			strake_load_problem(r->load, set->at,
				"repository set '%s': its template '%s' has no sub-repository "
				"'%s'",
				set->name, set->template_name, set->subrepos[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(set->subrepos[i], set->subrepos[j]) == 0)
				strake_load_problem(r->load, set->at,
					"repository set '%s' lists '%s' twice", set->name,
					set->subrepos[i]);
	}
}

static void expand_set(Repos *r, const StrakeRepoSet *set)
{
	g_autoptr(GPtrArray) subrepos = subrepos_of(r, set->template_name);

	if (subrepos == NULL) {
		strake_load_problem(r->load,
			strake_project_source(r->p, &set->template_name, set->at),
			"repository set '%s': there is no template '%s'", set->name,
			set->template_name);
		return;
	}
	check_allowed(r, set, subrepos);
	for (guint i = 0; i < subrepos->len; i++) {
		const StrakeSubrepo *sub = subrepos->pdata[i];
		if (!wanted(set, sub->name))
			continue;
		StrakeRpmRepo *repo = strake_arena_alloc(r->p->arena, sizeof(*repo));
		g_autofree char *name = g_strconcat(
			set->name_prefix != NULL ? set->name_prefix : "", sub->name, NULL);
		repo->name = strake_arena_strdup(r->p->arena, name);
		repo->at = set->at;
		repo->gpg_key = set->gpg_key;
		repo->disable_gpg_check = set->disable_gpg_check;
		add_repo(r, repo->name, repo, set->at);
	}
}

static void use_repo(Repos *r, const char *name, const StrakeDistroInput *input, GHashTable *used,
	bool for_packages)
{
	const StrakeRpmRepo *repo = g_hash_table_lookup(r->repos, name);
	const char *key = repo != NULL ? repo->gpg_key : NULL;

	if (repo == NULL) {
		strake_load_problem(
			r->load, input->at, "inputs: there is no repository '%s'", name);
		return;
	}
	if (!g_hash_table_add(used, (void *)name))
		strake_load_problem(
			r->load, input->at, "inputs: the repository '%s' is used twice", name);
	if (for_packages && key != NULL && !g_str_has_prefix(key, "http://") &&
		!g_str_has_prefix(key, "https://"))
		strake_load_problem(r->load, input->at,
			"inputs.rpm-build: the gpg-key of repository '%s' must be an http or https "
			"URL: a file of the host cannot be seen inside a build root",
			name);
}

static void check_inputs(Repos *r, const GPtrArray *inputs, bool for_packages)
{
	g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; inputs != NULL && i < inputs->len; i++) {
		const StrakeDistroInput *input = inputs->pdata[i];
		const StrakeRepoSet *set;
		if (input->repo != NULL) {
			use_repo(r, input->repo, input, used, for_packages);
			continue;
		}
		set = find(r->p->all.resources.sets, input->set);
		if (set == NULL) {
			strake_load_problem(r->load, input->at,
				"inputs: there is no repository set '%s'", input->set);
			continue;
		}
		g_autoptr(GPtrArray) subrepos = subrepos_of(r, set->template_name);
		for (guint j = 0; subrepos != NULL && j < subrepos->len; j++) {
			const StrakeSubrepo *sub = subrepos->pdata[j];
			g_autofree char *name = g_strconcat(
				set->name_prefix != NULL ? set->name_prefix : "", sub->name, NULL);
			if (wanted(set, sub->name))
				use_repo(r, strake_arena_strdup(r->p->arena, name), input, used,
					for_packages);
		}
	}
}

void strake_project_check_resources(StrakeProject *project, StrakeLoad *load)
{
	g_autoptr(GHashTable) repos = g_hash_table_new(g_str_hash, g_str_equal);
	Repos r = {project, load, repos};
	const StrakeDefinitions *all = &project->all;

	for (guint i = 0; all->resources.rpm_repos != NULL && i < all->resources.rpm_repos->len;
		i++) {
		StrakeRpmRepo *repo = all->resources.rpm_repos->pdata[i];
		add_repo(&r, repo->name, repo, repo->at);
	}
	for (guint i = 0; all->resources.sets != NULL && i < all->resources.sets->len; i++)
		expand_set(&r, all->resources.sets->pdata[i]);
	for (guint i = 0; all->distros != NULL && i < all->distros->len; i++) {
		const StrakeDistro *distro = all->distros->pdata[i];
		for (guint j = 0; distro->versions != NULL && j < distro->versions->len; j++) {
			const StrakeDistroVersion *version = distro->versions->pdata[j];
			check_inputs(&r, version->rpm_build_inputs, true);
			check_inputs(&r, version->image_build_inputs, false);
		}
	}
}
