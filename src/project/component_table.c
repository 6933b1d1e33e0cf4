// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The keys of a component and the rules between them.
#include <string.h>

#include "project/tables.h"

static const char *const spec_types[] = {"upstream", "local", NULL};
static const char *const release_modes[] = {"auto", "autorelease", "static", "manual", NULL};
static const char *const hash_types[] = {"SHA256", "SHA512", NULL};
static const char *const source_origins[] = {"download", "custom", "overlay", "deb", "tree", NULL};

static const StrakeField distro_ref_fields[] = {
	{.key = "name",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeDistroRef, name),
		.flags = STRAKE_FIELD_REQUIRED | STRAKE_FIELD_NON_EMPTY,
		.doc = "Name of a [distros] entry."},
	{.key = "version",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeDistroRef, version),
		.doc = "One of its versions."},
	{.key = "snapshot",
		.kind = STRAKE_FIELD_TIME,
		.offset = offsetof(StrakeDistroRef, snapshot),
		.doc = "Newest commit that may be used."},
	{0},
};
const StrakeSchema strake_distro_ref_schema = {
	.title = "distro reference",
	.size = sizeof(StrakeDistroRef),
	.fields = distro_ref_fields,
};

#define AT(member) offsetof(StrakeSpecSource, member)
static const StrakeField spec_fields[] = {
	{.key = "type",
		.kind = STRAKE_FIELD_ENUM,
		.offset = AT(type),
		.words = spec_types,
		.base = STRAKE_SPEC_UPSTREAM,
		.flags = STRAKE_FIELD_CAN_BE_EMPTY,
		.doc = "Where the spec comes from."},
	{.key = "path",
		.kind = STRAKE_FIELD_PATH,
		.offset = AT(path),
		.doc = "The spec file, for type 'local'."},
	{.key = "upstream-distro",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(upstream_distro),
		.schema = &strake_distro_ref_schema,
		.doc = "The distro that has it."},
	{.key = "upstream-name",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(upstream_name),
		.doc = "Its name there, when it differs."},
	{.key = "upstream-commit",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(upstream_commit),
		.doc = "Commit to use, instead of the snapshot."},
	{0},
};
#undef AT

static void check_spec(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeSpecSource *spec = item;
	const char *commit = spec->upstream_commit;

	if (commit != NULL && (strlen(commit) < 7 || strlen(commit) > 40 ||
				      strspn(commit, "0123456789abcdefABCDEF") != strlen(commit)))
		strake_load_problem(load,
			strake_load_at(load, &strake_toml_get(table, "upstream-commit")->value),
			"%s.upstream-commit: '%s' is not 7 to 40 hexadecimal digits",
			load->path->str, commit);
	if (spec->type == STRAKE_SPEC_LOCAL && commit != NULL)
		strake_load_problem(load, strake_load_at(load, table),
			"%s: a local spec has no 'upstream-commit'", load->path->str);
}

static const StrakeSchema spec_schema = {
	.title = "spec source",
	.size = sizeof(StrakeSpecSource),
	.fields = spec_fields,
	.check = check_spec,
};

typedef struct {
	StrakeReleaseMode calculation;
} Release;
static const StrakeField release_fields[] = {
	{.key = "calculation",
		.kind = STRAKE_FIELD_ENUM,
		.offset = offsetof(Release, calculation),
		.words = release_modes,
		.base = STRAKE_RELEASE_AUTO,
		.flags = STRAKE_FIELD_CAN_BE_EMPTY,
		.doc = "How the Release tag is made."},
	{0},
};
static const StrakeSchema release_schema = {
	.title = "release", .size = sizeof(Release), .fields = release_fields};

typedef struct {
	bool skip_file_filter;
} Render;
static const StrakeField render_fields[] = {
	{.key = "skip-file-filter",
		.kind = STRAKE_FIELD_BOOL,
		.offset = offsetof(Render, skip_file_filter),
		.doc = "Keep all files, also those that no Source or Patch names."},
	{0},
};
static const StrakeSchema render_schema = {
	.title = "render", .size = sizeof(Render), .fields = render_fields};

#define AT(member) (offsetof(StrakeBuildOptions, member) - offsetof(StrakeBuildOptions, check))
static const StrakeField check_fields[] = {
	{.key = "skip",
		.kind = STRAKE_FIELD_BOOL,
		.offset = AT(check.skip),
		.doc = "Do not run %check."},
	{.key = "skip_reason",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(check.skip_reason),
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Why; required with skip."},
	{0},
};
#undef AT
static const StrakeSchema check_schema = {.title = "build.check",
	.size = sizeof(((StrakeBuildOptions *)NULL)->check),
	.fields = check_fields};

#define AT(member) (offsetof(StrakeBuildOptions, member) - offsetof(StrakeBuildOptions, failure))
static const StrakeField failure_fields[] = {
	{.key = "expected",
		.kind = STRAKE_FIELD_BOOL,
		.offset = AT(failure.expected),
		.doc = "The build is known to fail."},
	{.key = "expected-reason",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(failure.expected_reason),
		.doc = "Why; required with expected."},
	{0},
};
#undef AT
static const StrakeSchema failure_schema = {.title = "build.failure",
	.size = sizeof(((StrakeBuildOptions *)NULL)->failure),
	.fields = failure_fields};

static const StrakeField hint_fields[] = {
	{.key = "expensive", .kind = STRAKE_FIELD_BOOL, .offset = 0, .doc = "Takes long."},
	{0},
};
static const StrakeSchema hints_schema = {.title = "build.hints",
	.size = sizeof(((StrakeBuildOptions *)NULL)->hints),
	.fields = hint_fields};

#define AT(member) offsetof(StrakeBuildOptions, member)
static const StrakeField build_fields[] = {
	{.key = "with",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(with),
		.doc = "Build conditionals switched on."},
	{.key = "without",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(without),
		.doc = "Build conditionals switched off."},
	{.key = "defines",
		.kind = STRAKE_FIELD_MAP,
		.offset = AT(defines),
		.doc = "Macros defined for the build."},
	{.key = "undefines",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(undefines),
		.doc = "Macros taken out of those above."},
	{.key = "emit-upstream-provenance",
		.kind = STRAKE_FIELD_BOOL,
		.offset = AT(emit_upstream_provenance),
		.doc = "Add macros that say where the sources are from."},
	{.key = "check",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(check),
		.schema = &check_schema,
		.doc = "The test step."},
	{.key = "failure",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(failure),
		.schema = &failure_schema,
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Known failures."},
	{.key = "hints",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(hints),
		.schema = &hints_schema,
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Hints for the schedule."},
	{0},
};
#undef AT

static void need_reason(StrakeLoad *load, const StrakeTomlValue *table, const char *flag, bool set,
	const char *reason_key, const char *reason)
{
	if (set && (reason == NULL || *reason == '\0'))
		strake_load_problem(load, strake_load_at(load, table),
			"%s: '%s = true' needs a '%s'", load->path->str, flag, reason_key);
}

static void check_build(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeBuildOptions *build = item;

	need_reason(load, table, "check.skip", build->check.skip, "check.skip_reason",
		build->check.skip_reason);
	need_reason(load, table, "failure.expected", build->failure.expected,
		"failure.expected-reason", build->failure.expected_reason);
}

static const StrakeSchema build_schema = {.title = "build options",
	.size = sizeof(StrakeBuildOptions),
	.fields = build_fields,
	.check = check_build};

#define AT(member) (offsetof(StrakeSourceFile, member) - offsetof(StrakeSourceFile, origin))
static const StrakeField origin_fields[] = {
	{.key = "type",
		.kind = STRAKE_FIELD_ENUM,
		.offset = AT(origin.type),
		.words = source_origins,
		.base = STRAKE_SOURCE_ORIGIN_DOWNLOAD,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "How the file is got."},
	{.key = "uri",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(origin.uri),
		.doc = "Address, for type 'download'."},
	{.key = "script",
		.kind = STRAKE_FIELD_PATH,
		.offset = AT(origin.script),
		.doc = "Program that makes the file, for type 'custom'."},
	{.key = "mock-packages",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(origin.mock_packages),
		.doc = "Packages that the script needs."},
	{.key = "inputs",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(origin.inputs),
		.doc = "Files that the script reads."},
	{.key = "source",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(origin.source),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Source package of the deb upstream, for type 'deb'."},
	{.key = "file",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(origin.file),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Glob of one of its files; without it the orig tarball."},
	{.key = "upstream",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(origin.upstream),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "The deb upstream; without it that of the distro version."},
	{.key = "path",
		.kind = STRAKE_FIELD_PATH,
		.offset = AT(origin.path),
		.flags = STRAKE_FIELD_EXTENSION | STRAKE_FIELD_IDENTITY, // the hash counts
		.doc = "Directory whose files are archived, for type 'tree'."},
	{.key = "files",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(origin.files),
		.flags = STRAKE_FIELD_EXTENSION | STRAKE_FIELD_IDENTITY,
		.doc = "Globs of the files below it, for type 'tree'."},
	{0},
};
#undef AT

static const struct {
	StrakeSourceOrigin type;
	const char *needs;
} origin_needs[] = {
	{STRAKE_SOURCE_ORIGIN_DOWNLOAD, "uri"},
	{STRAKE_SOURCE_ORIGIN_CUSTOM, "script"},
	{STRAKE_SOURCE_ORIGIN_DEB, "source"},
	{STRAKE_SOURCE_ORIGIN_TREE, "path"},
	{STRAKE_SOURCE_ORIGIN_TREE, "files"},
};

static void check_origin(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	int type = *(int *)item;

	for (size_t i = 0; i < G_N_ELEMENTS(origin_needs); i++)
		if (origin_needs[i].type == (StrakeSourceOrigin)type &&
			strake_toml_get(table, origin_needs[i].needs) == NULL)
			strake_load_problem(load, strake_load_at(load, table),
				"%s: an origin of type '%s' needs the key '%s'", load->path->str,
				source_origins[type - STRAKE_SOURCE_ORIGIN_DOWNLOAD],
				origin_needs[i].needs);
}

static const StrakeSchema origin_schema = {.title = "source origin",
	.size = sizeof(((StrakeSourceFile *)NULL)->origin),
	.fields = origin_fields,
	.check = check_origin};

#define AT(member) offsetof(StrakeSourceFile, member)
static const StrakeField source_fields[] = {
	{.key = "filename",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(filename),
		.flags = STRAKE_FIELD_REQUIRED | STRAKE_FIELD_NON_EMPTY,
		.doc = "Plain file name."},
	{.key = "hash", .kind = STRAKE_FIELD_STRING, .offset = AT(hash), .doc = "Its digest."},
	{.key = "hash-type",
		.kind = STRAKE_FIELD_ENUM,
		.offset = AT(hash_type),
		.words = hash_types,
		.base = STRAKE_HASH_SHA256,
		.doc = "Kind of the digest."},
	{.key = "origin",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(origin),
		.schema = &origin_schema,
		.doc = "Where the file is from."},
	{.key = "replace-upstream",
		.kind = STRAKE_FIELD_BOOL,
		.offset = AT(replace_upstream),
		.doc = "Takes the place of upstream's file of that name."},
	{.key = "replace-reason",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(replace_reason),
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Why; required with replace-upstream."},
	{0},
};

static void check_hash(StrakeLoad *load, StrakeSourceFile *file, const StrakeTomlValue *table)
{
	size_t digits = file->hash_type == STRAKE_HASH_SHA512 ? 128 : 64;
	const StrakeTomlEntry *entry = strake_toml_get(table, "hash");
	g_autofree char *lower = NULL;

	if (file->hash == NULL)
		return;
	if (file->hash_type == STRAKE_HASH_UNSET) {
		strake_load_problem(load, strake_load_at(load, &entry->value),
			"%s: 'hash' needs a 'hash-type' (SHA256 or SHA512)", load->path->str);
		return;
	}
	lower = g_ascii_strdown(file->hash, -1);
	if (strlen(lower) != digits || strspn(lower, "0123456789abcdef") != digits)
		strake_load_problem(load, strake_load_at(load, &entry->value),
			"%s.hash: '%s' is not the %zu hexadecimal digits of a %s", load->path->str,
			file->hash, digits, hash_types[file->hash_type - STRAKE_HASH_SHA256]);
	file->hash = strake_arena_strdup(load->arena, lower);
}

static void check_source(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	StrakeSourceFile *file = item;
	const char *name = file->filename;

	if (name != NULL &&
		(strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
		strake_load_problem(load, strake_load_at(load, table),
			"%s.filename: '%s' is not a plain file name", load->path->str, name);
	check_hash(load, file, table);
	need_reason(load, table, "replace-upstream", file->replace_upstream, "replace-reason",
		file->replace_reason);
	if (file->origin.type == STRAKE_SOURCE_ORIGIN_OVERLAY && !file->replace_upstream)
		strake_load_problem(load, strake_load_at(load, table),
			"%s: an origin of type 'overlay' needs 'replace-upstream = true'",
			load->path->str);
}

static const StrakeSchema source_schema = {.title = "source file",
	.size = sizeof(StrakeSourceFile),
	.fields = source_fields,
	.has_origin = true,
	.origin_offset = AT(at),
	.check = check_source};
G_STATIC_ASSERT(offsetof(StrakeSourceFile, at) == 0);
#undef AT

#define CHANNEL(k, m)                                                                              \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_STRING, .offset = offsetof(StrakePublish, m),       \
		.doc = "Channel name, or \"none\" to keep it back."                                \
	}

static void check_channels(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	for (size_t i = 0; i < table->table.count; i++) {
		const StrakeTomlEntry *entry = &table->table.entries[i];
		const char *text;
		if (entry->value.kind != STRAKE_TOML_STRING)
			continue;
		text = entry->value.string.text;
		if (strpbrk(text, "/\\") != NULL || strcmp(text, ".") == 0 ||
			strcmp(text, "..") == 0)
			strake_load_problem(load, strake_load_at(load, &entry->value),
				"%s.%s: '%s' cannot be a channel: it names a directory",
				load->path->str, entry->key, text);
	}
}

static const StrakeField package_publish_fields[] = {
	CHANNEL("rpm-channel", rpm_channel),
	CHANNEL("debuginfo-channel", debuginfo_channel),
	CHANNEL("channel", channel),
	{0},
};
static const StrakeSchema package_publish_schema = {.title = "package publish settings",
	.size = sizeof(StrakePublish),
	.fields = package_publish_fields,
	.check = check_channels};
static const StrakeField publish_fields[] = {
	CHANNEL("rpm-channel", rpm_channel),
	CHANNEL("srpm-channel", srpm_channel),
	CHANNEL("debuginfo-channel", debuginfo_channel),
	{0},
};
static const StrakeSchema publish_schema = {.title = "publish settings",
	.size = sizeof(StrakePublish),
	.fields = publish_fields,
	.check = check_channels};

static const StrakeField package_fields[] = {
	{.key = "publish",
		.kind = STRAKE_FIELD_TABLE,
		.offset = offsetof(StrakePackageConfig, publish),
		.schema = &package_publish_schema,
		.doc = "Channels of this package."},
	{0},
};
const StrakeSchema strake_package_schema = {.title = "package",
	.size = sizeof(StrakePackageConfig),
	.fields = package_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakePackageConfig, at)};

#define AT(member) offsetof(StrakeComponent, member)
static const StrakeField component_fields[] = {
	{.key = "spec",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(spec),
		.schema = &spec_schema,
		.doc = "Where the spec comes from."},
	{.key = "release",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(release_calculation),
		.schema = &release_schema,
		.doc = "How the Release tag is made."},
	{.key = "overlays",
		.kind = STRAKE_FIELD_TABLES,
		.offset = AT(overlays),
		.schema = &strake_overlay_schema,
		.doc = "Changes, in order."},
	{.key = "overlay-files",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(overlay_files),
		.flags = STRAKE_FIELD_REPLACE | STRAKE_FIELD_IDENTITY,
		.doc = "Globs of files that hold more changes."},
	{.key = "build",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(build),
		.schema = &build_schema,
		.doc = "Build options."},
	{.key = "render",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(skip_file_filter),
		.schema = &render_schema,
		.doc = "Rendering options."},
	{.key = "source-files",
		.kind = STRAKE_FIELD_TABLES,
		.offset = AT(source_files),
		.schema = &source_schema,
		.doc = "Sources besides upstream's."},
	{.key = "packages",
		.kind = STRAKE_FIELD_NAMED,
		.offset = AT(packages),
		.schema = &strake_package_schema,
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Settings of single binary packages."},
	{.key = "publish",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(publish),
		.schema = &publish_schema,
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Channels of all its packages."},
	{.key = "default-package-config",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(default_package),
		.schema = &strake_package_schema,
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Settings of all its binary packages."},
	{.key = "tests", .kind = STRAKE_FIELD_IGNORED, .doc = "Tests to run on it (azldev)."},
	{.key = "allow-unhandled",
		.kind = STRAKE_FIELD_BOOL,
		.offset = AT(allow_unhandled),
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Accept a bridged package with script parts that are not understood."},
	{.key = "allow-reason",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(allow_reason),
		.flags = STRAKE_FIELD_EXTENSION | STRAKE_FIELD_IDENTITY,
		.doc = "Why; required with allow-unhandled."},
	{.key = "override",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = AT(override),
		.flags = STRAKE_FIELD_EXTENSION | STRAKE_FIELD_IDENTITY,
		.doc = "Dotted keys whose inherited values are dropped first."},
	{0},
};
#undef AT

static void check_component(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeComponent *c = item;
	const StrakeTomlEntry *override = strake_toml_get(table, "override");

	need_reason(load, table, "allow-unhandled", c->allow_unhandled, "allow-reason",
		c->allow_reason);
	for (size_t i = 0; c->override != NULL && c->override[i] != NULL; i++) {
		g_autoptr(GError) error = NULL;
		if (strake_schema_clear(
			    &strake_component_schema, NULL, NULL, c->override[i], &error))
			continue;
		strake_load_problem(load,
			strake_load_at(load, i < override->value.array.count
						     ? &override->value.array.items[i]
						     : &override->value),
			"%s.override: '%s': %s", load->path->str, c->override[i], error->message);
	}
}

const StrakeSchema strake_component_schema = {.title = "component",
	.size = sizeof(StrakeComponent),
	.fields = component_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = offsetof(StrakeComponent, origin),
	.check = check_component};

static const StrakeField overlay_file_fields[] = {
	{.key = "metadata",
		.kind = STRAKE_FIELD_TABLE_PTR,
		.offset = offsetof(StrakeOverlayFile, metadata),
		.schema = &strake_metadata_schema,
		.doc = "Why the changes exist."},
	{.key = "overlays",
		.kind = STRAKE_FIELD_TABLES,
		.offset = offsetof(StrakeOverlayFile, overlays),
		.schema = &strake_overlay_schema,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Changes, in order."},
	{0},
};
const StrakeSchema strake_overlay_file_schema = {
	.title = "overlay file",
	.size = sizeof(StrakeOverlayFile),
	.fields = overlay_file_fields,
};
