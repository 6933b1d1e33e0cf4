// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The keys of an image. A new key is one row here and one member of StrakeImageDef.
#include <string.h>

#include "base/glob.h"
#include "project/tables.h"

static const char *const image_kinds[] = {"disk", "oci", "wsl", "iso", NULL};
static const char *const outputs[] = {
	"raw", "qcow2", "vhd", "oci", "archive", "wsl", "iso", "directory", NULL};
static const char *const filesystems[] = {"ext4", "erofs", NULL};
static const char *const selinux_modes[] = {"disabled", "permissive", "enforcing", NULL};

#define AT(m) offsetof(StrakeImageDef, m)
#define IN(outer, m) (offsetof(StrakeImageDef, m) - offsetof(StrakeImageDef, outer))

static const StrakeField definition_fields[] = {
	{.key = "type",
		.kind = STRAKE_FIELD_STRING,
		.offset = IN(definition, definition.type),
		.doc = "\"strake\", or the name of another tool."},
	{.key = "path",
		.kind = STRAKE_FIELD_PATH,
		.offset = IN(definition, definition.path),
		.doc = "The other tool's file."},
	{.key = "profile",
		.kind = STRAKE_FIELD_STRING,
		.offset = IN(definition, definition.profile),
		.doc = "The other tool's profile."},
	{0},
};
static const StrakeSchema definition_schema = {.title = "image definition",
	.size = sizeof(((StrakeImageDef *)NULL)->definition),
	.fields = definition_fields};

#define CAPABILITY(k, m, d)                                                                        \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_BOOL, .offset = IN(capabilities, capabilities.m),   \
		.doc = d                                                                           \
	}
static const StrakeField capability_fields[] = {
	CAPABILITY("machine-bootable", machine_bootable, "Boots on a machine."),
	CAPABILITY("container", container, "Runs on a container host."),
	CAPABILITY("systemd", systemd, "systemd is its init."),
	CAPABILITY("runtime-package-management", runtime_package_management,
		"Packages can be installed into it."),
	{0},
};
static const StrakeSchema capabilities_schema = {.title = "image capabilities",
	.size = sizeof(((StrakeImageDef *)NULL)->capabilities),
	.fields = capability_fields};

static const StrakeField publish_fields[] = {
	{.key = "channels", .kind = STRAKE_FIELD_STRINGS, .offset = 0, .doc = "Channel names."},
	{0},
};
static const StrakeSchema publish_schema = {
	.title = "image publish settings", .size = sizeof(char **), .fields = publish_fields};

static const StrakeField test_fields[] = {
	{.key = "name",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeImageTest, name),
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "A [test-suites] name."},
	{0},
};
static const StrakeSchema test_schema = {.title = "test reference",
	.size = sizeof(StrakeImageTest),
	.fields = test_fields,
	.has_origin = true};
static const StrakeField tests_fields[] = {
	{.key = "test-suites",
		.kind = STRAKE_FIELD_TABLES,
		.offset = 0,
		.schema = &test_schema,
		.doc = "Suites to run on the image."},
	{.key = "tests", .kind = STRAKE_FIELD_IGNORED, .doc = "Tests to run on it (azldev)."},
	{0},
};
static const StrakeSchema tests_schema = {
	.title = "image tests", .size = sizeof(GPtrArray *), .fields = tests_fields};

static const StrakeField selinux_fields[] = {
	{.key = "mode",
		.kind = STRAKE_FIELD_ENUM,
		.offset = IN(selinux, selinux.mode),
		.words = selinux_modes,
		.base = STRAKE_SELINUX_DISABLED,
		.doc = "What the booted system does; no policy when not given."},
	{.key = "policy",
		.kind = STRAKE_FIELD_STRING,
		.offset = IN(selinux, selinux.policy),
		.doc = "Name of the policy, \"default\" or \"targeted\"."},
	{.key = "disabled-modules",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = IN(selinux, selinux.disabled_modules),
		.doc = "Policy modules left out."},
	{.key = "cil",
		.kind = STRAKE_FIELD_PATHS,
		.offset = IN(selinux, selinux.cil),
		.doc = "Files of local policy, relative to this file."},
	{0},
};
static const StrakeSchema selinux_schema = {.title = "image selinux settings",
	.size = sizeof(((StrakeImageDef *)NULL)->selinux),
	.fields = selinux_fields};

static const StrakeField file_fields[] = {
	{.key = "path",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeImageFile, path),
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Absolute path in the image."},
	{.key = "source",
		.kind = STRAKE_FIELD_PATH,
		.offset = offsetof(StrakeImageFile, source),
		.doc = "File to copy, relative to this file."},
	{.key = "lines",
		.kind = STRAKE_FIELD_STRINGS,
		.offset = offsetof(StrakeImageFile, lines),
		.doc = "Content."},
	{.key = "target",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeImageFile, target),
		.doc = "Makes a symbolic link to this."},
	{.key = "mode",
		.kind = STRAKE_FIELD_MODE,
		.offset = offsetof(StrakeImageFile, mode),
		.doc = "Permission bits; 0644 by default."},
	{.key = "owner",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeImageFile, owner),
		.doc = "User name; root by default."},
	{.key = "group",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeImageFile, group),
		.doc = "Group name; root by default."},
	{0},
};

static void init_file(void *item)
{
	((StrakeImageFile *)item)->mode = -1;
}

static void check_file(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeImageFile *file = item;

	if ((file->source != NULL) + (file->lines != NULL) + (file->target != NULL) != 1)
		strake_load_problem(load, strake_load_at(load, table),
			"%s: a file has exactly one of 'source', 'lines' and 'target'",
			load->path->str);
	if (file->path != NULL && *file->path != '/')
		strake_load_problem(load, strake_load_at(load, table),
			"%s.path: '%s' is not an absolute path", load->path->str, file->path);
}

static const StrakeSchema file_schema = {.title = "image file",
	.size = sizeof(StrakeImageFile),
	.fields = file_fields,
	.has_origin = true,
	.init = init_file,
	.check = check_file};

#define ROW(k, t, m, d)                                                                            \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_##t, .offset = AT(m), .doc = d,                     \
		.flags = STRAKE_FIELD_EXTENSION                                                    \
	}
#define SUB(k, t, m, s, d)                                                                         \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_##t, .offset = AT(m), .schema = &s, .doc = d        \
	}

static const StrakeField image_fields[] = {
	{.key = "description",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(description),
		.doc = "What this image is."},
	SUB("definition", TABLE, definition, definition_schema, "What makes the image."),
	SUB("capabilities", TABLE, capabilities, capabilities_schema, "What it can do."),
	SUB("publish", TABLE, publish_channels, publish_schema, "Where it is published."),
	SUB("tests", TABLE, test_suites, tests_schema, "What it is tested with."),
	{.key = "kind",
		.kind = STRAKE_FIELD_ENUM,
		.offset = AT(kind),
		.words = image_kinds,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "What sort of image; disk by default."},
	ROW("build-only", BOOL, build_only,
		"For building packages: what only it needs is not published."),
	ROW("base", STRING, base, "Image whose values this one starts with; lists are added to."),
	ROW("packages", STRINGS, packages, "Packages to install."),
	ROW("exclude", STRINGS, exclude, "Globs of absolute paths left out."),
	ROW("docs", BOOL, docs, "Keep documentation."),
	ROW("locales", STRINGS, locales, "Locales kept."),
	ROW("weak-dependencies", BOOL, weak_dependencies, "Install recommended packages."),
	{.key = "outputs",
		.kind = STRAKE_FIELD_WORDS,
		.offset = AT(outputs),
		.words = outputs,
		.flags = STRAKE_FIELD_EXTENSION | STRAKE_FIELD_REPLACE,
		.doc = "Formats to write."},
	{.key = "filesystem",
		.kind = STRAKE_FIELD_ENUM,
		.offset = AT(filesystem),
		.words = filesystems,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "File system of the root; ext4 by default."},
	ROW("root-size", SIZE, root_size_bytes, "Size of the root file system."),
	ROW("esp-size", SIZE, esp_size_bytes, "Size of the EFI system partition."),
	ROW("disk-size", SIZE, disk_size_bytes, "Size of the disk."),
	ROW("hostname", STRING, hostname, "Host name."),
	ROW("timezone", STRING, timezone, "Time zone."),
	ROW("kernel-command-line", STRINGS, kernel_command_line, "Arguments of the kernel."),
	ROW("presets-enable", STRINGS, presets_enable, "Units started at boot."),
	ROW("presets-disable", STRINGS, presets_disable, "Units not started at boot."),
	ROW("initrd-modules", STRINGS, initrd_modules, "Kernel modules added to the initrd."),
	{.key = "selinux",
		.kind = STRAKE_FIELD_TABLE,
		.offset = AT(selinux),
		.schema = &selinux_schema,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "SELinux."},
	{.key = "files",
		.kind = STRAKE_FIELD_TABLES,
		.offset = AT(files),
		.schema = &file_schema,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Files put into the image."},
	ROW("repositories", STRINGS, repositories, "Repositories; the project's own by default."),
	ROW("user", STRING, entrypoint_user, "oci: user that the process runs as."),
	ROW("entrypoint", STRINGS, entrypoint, "oci: program."),
	ROW("command", STRINGS, command, "oci: its arguments."),
	ROW("environment", STRINGS, environment, "oci: NAME=value."),
	{0},
};

static void check_image(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeImageDef *image = item;
	bool ours = image->definition.type != NULL && strcmp(image->definition.type, "strake") == 0;

	for (const StrakeField *field = image_fields; !ours && field->key != NULL; field++) {
		const StrakeTomlEntry *entry = strake_toml_get(table, field->key);
		if (entry == NULL || (field->flags & STRAKE_FIELD_EXTENSION) == 0)
			continue;
		strake_load_problem(load, (StrakeOrigin){load->file, entry->line, entry->column},
			"%s: the key '%s' needs definition = { type = \"strake\" }",
			load->path->str, field->key);
		break;
	}
	for (char **glob = image->exclude; glob != NULL && *glob != NULL; glob++) {
		g_autoptr(GError) error = NULL;
		if (!strake_glob_check(*glob, &error))
			strake_load_problem(load, strake_load_at(load, table), "%s.exclude: %s",
				load->path->str, error->message);
		else if (**glob != '/')
			strake_load_problem(load, strake_load_at(load, table),
				"%s.exclude: '%s' is not an absolute path", load->path->str, *glob);
	}
}

const StrakeSchema strake_image_schema = {.title = "image",
	.size = sizeof(StrakeImageDef),
	.fields = image_fields,
	.has_name = true,
	.has_origin = true,
	.origin_offset = AT(at),
	.check = check_image};
