// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The keys of a definition file outside components and images.
#include <string.h>

#include "project/tables.h"

#define STRING(s, k, m, d)                                                                         \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_STRING, .offset = offsetof(s, m), .doc = d          \
	}
#define STRINGS(s, k, m, d)                                                                        \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_STRINGS, .offset = offsetof(s, m), .doc = d         \
	}
#define PATH(s, k, m, d)                                                                           \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_PATH, .offset = offsetof(s, m), .doc = d            \
	}

static const char *const overlay_styles[] = {"azldev", "preserving", NULL};
static const char *const upstream_kinds[] = {"deb", "rpm-md", "dist-git", NULL};
static const char *const repo_types[] = {"rpm-md", NULL};
static const char *const subrepo_kinds[] = {"binary", "debug", "source", NULL};
static const char *const install_modes[] = {"pyproject", "requirements", "none", NULL};
static const char *const suite_types[] = {"pytest", "lisa", NULL};

static const StrakeField project_fields[] = {
	STRING(StrakeProjectInfo, "description", description, "What this project is."),
	PATH(StrakeProjectInfo, "log-dir", log_dir, "Logs."),
	PATH(StrakeProjectInfo, "work-dir", work_dir, "Temporary files."),
	PATH(StrakeProjectInfo, "output-dir", output_dir, "Results; \"out\" by default."),
	PATH(StrakeProjectInfo, "rendered-specs-dir", rendered_specs_dir, "Rendered specs."),
	PATH(StrakeProjectInfo, "lock-dir", lock_dir, "Lock files."),
	{.key = "default-distro",
		.kind = STRAKE_FIELD_TABLE,
		.offset = offsetof(StrakeProjectInfo, default_distro),
		.schema = &strake_distro_ref_schema,
		.doc = "What is built by default."},
	STRING(StrakeProjectInfo, "default-author-email", default_author_email,
		"Author of generated changelog entries."),
	{.key = "strict",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakeProjectInfo, strict),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Every overlay needs a description."},
	{.key = "build-groups",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = offsetof(StrakeProjectInfo, build_groups),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Component groups that are built from source and published."},
	{.key = "overlay-style",
		.kind = STRAKE_FIELD_ENUM,
		.offset = offsetof(StrakeProjectInfo, overlay_style),
		.words = overlay_styles,
		.base = STRAKE_OVERLAY_STYLE_AZLDEV,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Edit specs byte for byte as azldev does, or keep more of the original."},
	{0},
};
static const StrakeSchema project_schema = {
	.title = "project", .size = sizeof(StrakeProjectInfo), .fields = project_fields};

static const StrakeField input_fields[] = {
	STRING(StrakeDistroInput, "repo", repo, "A resources.rpm-repos name."),
	STRING(StrakeDistroInput, "set", set, "A resources.rpm-repo-sets name."),
	{0},
};

static void check_input(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeDistroInput *input = item;

	if ((input->repo != NULL) == (input->set != NULL))
		strake_load_problem(load, strake_load_at(load, table),
			"%s: an input has either 'repo' or 'set'", load->path->str);
}

static const StrakeSchema input_schema = {.title = "distro input",
	.size = sizeof(StrakeDistroInput),
	.fields = input_fields,
	.has_origin = true,
	.origin_offset = 0,
	.check = check_input};

typedef struct {
	GPtrArray *rpm_build;
	GPtrArray *image_build;
} Inputs;
G_STATIC_ASSERT(offsetof(StrakeDistroVersion, image_build_inputs) ==
		offsetof(StrakeDistroVersion, rpm_build_inputs) + offsetof(Inputs, image_build));
static const StrakeField inputs_fields[] = {
	{.key = "rpm-build",
		.kind = STRAKE_FIELD_TABLES,
		.offset = offsetof(Inputs, rpm_build),
		.schema = &input_schema,
		.doc = "Repositories that packages are built from."},
	{.key = "image-build",
		.kind = STRAKE_FIELD_TABLES,
		.offset = offsetof(Inputs, image_build),
		.schema = &input_schema,
		.doc = "Repositories that images are built from."},
	{0},
};
static const StrakeSchema inputs_schema = {
	.title = "distro inputs", .size = sizeof(Inputs), .fields = inputs_fields};

static const StrakeField version_fields[] = {
	STRING(StrakeDistroVersion, "description", description, "What this version is."),
	{.key = "release-ver",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeDistroVersion, release_ver),
		.flags = STRAKE_FIELD_NON_EMPTY,
		.doc = "$releasever."},
	STRING(StrakeDistroVersion, "dist-git-branch", dist_git_branch, "Branch of dist-git."),
	PATH(StrakeDistroVersion, "mock-config", mock_config, "mock configuration (azldev)."),
	PATH(StrakeDistroVersion, "mock-config-x86_64", mock_config_x86_64, "The same, x86_64."),
	PATH(StrakeDistroVersion, "mock-config-aarch64", mock_config_aarch64, "The same, aarch64."),
	{.key = "upstream",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeDistroVersion, upstream),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "The [upstreams] entry that binary packages are taken from."},
	{.key = "default-component-config",
		.kind = STRAKE_FIELD_TABLE,
		.offset = offsetof(StrakeDistroVersion, defaults),
		.schema = &strake_component_schema,
		.doc = "What all components inherit first."},
	{.key = "inputs",
		.kind = STRAKE_FIELD_TABLE,
		.offset = offsetof(StrakeDistroVersion, rpm_build_inputs),
		.schema = &inputs_schema,
		.doc = "Repositories to build from."},
	{0},
};
static const StrakeSchema version_schema = {.title = "distro version",
	.size = sizeof(StrakeDistroVersion),
	.fields = version_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeDistroVersion, at)};

static const StrakeField distro_repo_fields[] = {
	{.key = "base-uri",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeDistroRepo, base_uri),
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Address; may hold $releasever and $basearch."},
	{.key = "mirrors",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = offsetof(StrakeDistroRepo, mirrors),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Other addresses of the same repository, tried in order."},
	{0},
};
static const StrakeSchema distro_repo_schema = {.title = "distro repository",
	.size = sizeof(StrakeDistroRepo),
	.fields = distro_repo_fields,
	.has_origin = true};

static const StrakeField distro_fields[] = {
	STRING(StrakeDistro, "description", description, "What this distro is."),
	STRING(StrakeDistro, "default-version", default_version, "Version when none is named."),
	STRING(StrakeDistro, "dist-git-base-uri", dist_git_base_uri,
		"Address of a package's git repository; holds $pkg."),
	STRING(StrakeDistro, "lookaside-base-uri", lookaside_base_uri,
		"Address of a source file; holds $pkg, $filename, $hashtype, $hash."),
	{.key = "disable-origins",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakeDistro, disable_origins),
		.doc = "Take sources from the lookaside cache only."},
	{.key = "repos",
		.kind = STRAKE_FIELD_TABLES,
		.offset = offsetof(StrakeDistro, repos),
		.schema = &distro_repo_schema,
		.doc = "Its package repositories."},
	{.key = "versions",
		.kind = STRAKE_FIELD_NAMED,
		.offset = offsetof(StrakeDistro, versions),
		.schema = &version_schema,
		.doc = "Its versions."},
	{0},
};
static const StrakeSchema distro_schema = {.title = "distro",
	.size = sizeof(StrakeDistro),
	.fields = distro_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeDistro, at)};

static const StrakeField upstream_fields[] = {
	{.key = "kind",
		.kind = STRAKE_FIELD_ENUM,
		.offset = offsetof(StrakeUpstream, kind),
		.words = upstream_kinds,
		.base = STRAKE_UPSTREAM_DEB,
		.doc = "What it is made of."},
	STRING(StrakeUpstream, "description", description, "What this upstream is."),
	STRING(StrakeUpstream, "suite", suite, "deb: the suite."),
	STRINGS(StrakeUpstream, "components", components, "deb: archive components."),
	STRING(StrakeUpstream, "mirror", mirror,
		"deb: base address; by default the one in the machine's apt configuration."),
	PATH(StrakeUpstream, "keyring", keyring, "deb: keys that sign the archive."),
	STRING(StrakeUpstream, "architecture", architecture,
		"Architecture of its packages; \"amd64\" (deb) or \"x86_64\" (rpm-md)."),
	{.key = "prefer",
		.kind = STRAKE_FIELD_MAP,
		.offset = offsetof(StrakeUpstream, prefer),
		.doc = "deb: the package that stands for a virtual one."},
	STRING(StrakeUpstream, "base-uri", base_uri,
		"rpm-md: address of the repository; may hold $releasever and $basearch."),
	STRINGS(StrakeUpstream, "mirrors", mirrors,
		"rpm-md: other addresses of the same repository, tried in order."),
	STRING(StrakeUpstream, "release-ver", release_ver,
		"rpm-md: $releasever; by default that of the distro's default version."),
	PATH(StrakeUpstream, "gpg-key", gpg_key,
		"rpm-md: file with the armored keys that sign its packages."),
	{.key = "repo-gpg-check",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakeUpstream, repo_gpg_check),
		.doc = "rpm-md: repomd.xml must be signed with one of the keys."},
	{.key = "disable-gpg-check",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakeUpstream, disable_gpg_check),
		.doc = "rpm-md: packages need no signature; the index's digests are enough."},
	STRING(StrakeUpstream, "distro", distro,
		"dist-git, rpm-md: the [distros] entry with its addresses."),
	{0},
};

static const StrakeSchema upstream_schema = {.title = "upstream",
	.size = sizeof(StrakeUpstream),
	.fields = upstream_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeUpstream, origin)};

static const StrakeField group_fields[] = {
	STRING(StrakeComponentGroup, "description", description, "What this group is."),
	{.key = "metadata",
		.kind = STRAKE_FIELD_TABLE_PTR,
		.offset = offsetof(StrakeComponentGroup, metadata),
		.schema = &strake_metadata_schema,
		.doc = "Why the group's changes exist."},
	STRINGS(StrakeComponentGroup, "components", components, "Names of its components."),
	{.key = "specs",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = offsetof(StrakeComponentGroup, specs),
		.doc = "Globs of local specs; each makes a component."},
	{.key = "excluded-paths",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = offsetof(StrakeComponentGroup, excluded_paths),
		.doc = "Globs of paths where no specs are looked for."},
	{.key = "default-component-config",
		.kind = STRAKE_FIELD_TABLE,
		.offset = offsetof(StrakeComponentGroup, defaults),
		.schema = &strake_component_schema,
		.doc = "What its components inherit."},
	{0},
};
static const StrakeSchema group_schema = {.title = "component group",
	.size = sizeof(StrakeComponentGroup),
	.fields = group_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeComponentGroup, at)};

static const StrakeField package_group_fields[] = {
	STRING(StrakePackageGroup, "description", description, "What this group is."),
	{.key = "build-only",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakePackageGroup, build_only),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "For building packages: what only it needs is not published."},
	STRINGS(StrakePackageGroup, "packages", packages, "Exact names of binary packages."),
	{.key = "default-package-config",
		.kind = STRAKE_FIELD_TABLE,
		.offset = offsetof(StrakePackageGroup, defaults),
		.schema = &strake_package_schema,
		.doc = "What its packages inherit."},
	{0},
};
static const StrakeSchema package_group_schema = {.title = "package group",
	.size = sizeof(StrakePackageGroup),
	.fields = package_group_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakePackageGroup, at)};

static const StrakeField repo_fields[] = {
	STRING(StrakeRpmRepo, "description", description, "What it holds."),
	{.key = "type",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeRpmRepo, type),
		.words = repo_types,
		.doc = "What it is; only \"rpm-md\"."},
	STRING(StrakeRpmRepo, "base-uri", base_uri, "Address."),
	STRING(StrakeRpmRepo, "metalink", metalink, "Address of a metalink instead."),
	STRING(StrakeRpmRepo, "gpg-key", gpg_key, "File or address of its key."),
	{.key = "disable-gpg-check",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakeRpmRepo, disable_gpg_check),
		.doc = "Do not check keys."},
	STRINGS(StrakeRpmRepo, "arches", arches, "Architectures that it is for."),
	{0},
};

static void check_repo(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeRpmRepo *repo = item;

	if (!g_ascii_isalnum(repo->name[0]) ||
		strspn(repo->name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:-") !=
			strlen(repo->name))
		strake_load_problem(load, repo->at,
			"%s: the name of a repository begins with a letter or digit and holds only "
			"those and '_', '.', ':', '-'",
			load->path->str);
	if ((repo->base_uri != NULL) == (repo->metalink != NULL))
		strake_load_problem(load, strake_load_at(load, table),
			"%s: a repository has either 'base-uri' or 'metalink'", load->path->str);
	if (repo->gpg_key == NULL && !repo->disable_gpg_check)
		strake_load_problem(load, strake_load_at(load, table),
			"%s: a repository needs a 'gpg-key', or 'disable-gpg-check = true'",
			load->path->str);
}

static const StrakeSchema repo_schema = {.title = "repository",
	.size = sizeof(StrakeRpmRepo),
	.fields = repo_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeRpmRepo, at),
	.check = check_repo};

static const StrakeField subrepo_fields[] = {
	{.key = "name",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeSubrepo, name),
		.flags = STRAKE_FIELD_REQUIRED | STRAKE_FIELD_NON_EMPTY,
		.doc = "Short name."},
	STRING(StrakeSubrepo, "subpath", subpath, "Path below the set's address."),
	{.key = "kind",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeSubrepo, kind),
		.words = subrepo_kinds,
		.doc = "What it holds."},
	{0},
};
static const StrakeSchema subrepo_schema = {.title = "sub-repository",
	.size = sizeof(StrakeSubrepo),
	.fields = subrepo_fields,
	.has_origin = true};
static const StrakeField template_fields[] = {
	STRING(StrakeRepoTemplate, "description", description, "What layout this is."),
	{.key = "subrepos",
		.kind = STRAKE_FIELD_TABLES,
		.offset = offsetof(StrakeRepoTemplate, subrepos),
		.schema = &subrepo_schema,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Its repositories."},
	{0},
};
static const StrakeSchema template_schema = {.title = "repository set template",
	.size = sizeof(StrakeRepoTemplate),
	.fields = template_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeRepoTemplate, at)};
static const StrakeField set_fields[] = {
	STRING(StrakeRepoSet, "description", description, "What this set is."),
	{.key = "template",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeRepoSet, template_name),
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "The template that it follows."},
	{.key = "base-uri",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeRepoSet, base_uri),
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Address before each subpath."},
	STRING(StrakeRepoSet, "name-prefix", name_prefix, "Put before each name."),
	STRING(StrakeRepoSet, "gpg-key", gpg_key, "Key of all of them."),
	{.key = "disable-gpg-check",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(StrakeRepoSet, disable_gpg_check),
		.doc = "Do not check keys."},
	STRINGS(StrakeRepoSet, "arches", arches, "Architectures that it is for."),
	STRINGS(StrakeRepoSet, "subrepos", subrepos, "Only these of the template."),
	{0},
};
static const StrakeSchema set_schema = {.title = "repository set",
	.size = sizeof(StrakeRepoSet),
	.fields = set_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeRepoSet, at)};

#define AT(m) (offsetof(StrakeDefinitions, m) - offsetof(StrakeDefinitions, resources))
static const StrakeField resources_fields[] = {
	{.key = "rpm-repos",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(resources.rpm_repos),
		.schema = &repo_schema,
		.flags = STRAKE_FIELD_WHOLE,
		.doc = "Repositories."},
	{.key = "rpm-repo-set-templates",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(resources.templates),
		.schema = &template_schema,
		.flags = STRAKE_FIELD_WHOLE,
		.doc = "Layouts of sets of repositories."},
	{.key = "rpm-repo-sets",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(resources.sets),
		.schema = &set_schema,
		.flags = STRAKE_FIELD_WHOLE,
		.doc = "Sets of repositories."},
	{0},
};
#undef AT
static const StrakeSchema resources_schema = {.title = "resources",
	.size = sizeof(((StrakeDefinitions *)NULL)->resources),
	.fields = resources_fields};

// The settings of the frameworks are checked and not kept: nothing of ours runs them.
typedef struct {
	char *path;
	char *text;
	char **list;
} Framework;

static const StrakeField pytest_fields[] = {
	PATH(Framework, "working-dir", path, "Where pytest runs."),
	STRINGS(Framework, "test-paths", list, "Globs of test files."),
	STRINGS(Framework, "extra-args", list, "More arguments."),
	{.key = "install",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(Framework, text),
		.words = install_modes,
		.doc = "How dependencies are installed."},
	{0},
};
static const StrakeSchema pytest_schema = {
	.title = "pytest settings", .size = sizeof(Framework), .fields = pytest_fields};

static const StrakeField suite_fields[] = {
	STRING(StrakeTestSuite, "description", description, "What it tests."),
	{.key = "type",
		.kind = STRAKE_FIELD_ENUM,
		.offset = offsetof(StrakeTestSuite, type),
		.words = suite_types,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Test framework."},
	{.key = "pytest",
		.kind = STRAKE_FIELD_TABLE_PTR,
		.offset = offsetof(StrakeTestSuite, pytest),
		.schema = &pytest_schema,
		.doc = "Settings of pytest (azldev)."},
	{.key = "lisa", .kind = STRAKE_FIELD_IGNORED, .doc = "Settings of LISA (azldev)."},
	{0},
};
static const StrakeSchema suite_schema = {.title = "test suite",
	.size = sizeof(StrakeTestSuite),
	.fields = suite_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeTestSuite, at)};

#define AT(m) offsetof(StrakeDefinitions, m)
static const StrakeField definitions_fields[] = {
	{.key = "$schema", .kind = STRAKE_FIELD_IGNORED, .doc = "The schema, for editors."},
	{.key = "includes",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(includes),
		.doc = "Globs of files to read after this one."},
	{.key = "project",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(project),
		.schema = &project_schema,
		.doc = "The project itself."},
	{.key = "tools", .kind = STRAKE_FIELD_IGNORED, .doc = "Settings of azldev's tools."},
	{.key = "distros",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(distros),
		.schema = &distro_schema,
		.doc = "Distributions to build or to build from."},
	{.key = "upstreams",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(upstreams),
		.schema = &upstream_schema,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Sources of binary packages and specs."},
	{.key = "default-component-config",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(default_component),
		.schema = &strake_component_schema,
		.flags = STRAKE_FIELD_INHERITS,
		.doc = "What all components inherit."},
	{.key = "default-package-config",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(default_package),
		.schema = &strake_package_schema,
		.flags = STRAKE_FIELD_INHERITS,
		.doc = "What all binary packages inherit."},
	{.key = "components",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(components),
		.schema = &strake_component_schema,
		.flags = STRAKE_FIELD_UNIQUE,
		.doc = "Components by name."},
	{.key = "component-groups",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(component_groups),
		.schema = &group_schema,
		.flags = STRAKE_FIELD_UNIQUE,
		.doc = "Groups of components with common settings."},
	{.key = "package-groups",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(package_groups),
		.schema = &package_group_schema,
		.flags = STRAKE_FIELD_UNIQUE,
		.doc = "Groups of binary packages with common settings."},
	{.key = "images",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(images),
		.schema = &strake_image_schema,
		.flags = STRAKE_FIELD_UNIQUE,
		.doc = "Images."},
	{.key = "test-suites",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(test_suites),
		.schema = &suite_schema,
		.flags = STRAKE_FIELD_UNIQUE,
		.doc = "Test suites."},
	{.key = "tests", .kind = STRAKE_FIELD_IGNORED, .doc = "Tests by name (azldev)."},
	{.key = "test-groups", .kind = STRAKE_FIELD_IGNORED, .doc = "Groups of them (azldev)."},
	{.key = "resources",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(resources),
		.schema = &resources_schema,
		.doc = "Package repositories."},
	{0},
};
const StrakeSchema strake_definitions_schema = {.title = "definition file",
	.size = sizeof(StrakeDefinitions),
	.fields = definitions_fields};
