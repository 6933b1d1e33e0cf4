// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which keys an overlay has, which of them each type needs, and what must hold between them.
#include <string.h>

#include "base/digest.h"
#include "base/glob.h"
#include "format/regex.h"
#include "project/tables.h"

#define AT(member) offsetof(StrakeOverlay, member)

static const char *const kinds[] = {"requires", "recommends", "suggests", "supplements", "enhances",
	"provides", "conflicts", "obsoletes", NULL};
static const char *const states[] = {"enable", "disable", NULL};
static const char *const scripts[] = {"preinst", "postinst", "prerm", "postrm", "config", NULL};
static const char *const categories[] = {"upstream-backport", "azl-pruning", "azl-compatibility",
	"azl-temp-workaround", "azl-branding-policy", "azl-disable-flaky-tests",
	"azl-disable-unsupported-tests", "azl-security-compliance", "azl-release-management",
	"azl-platform-adaptation", NULL};
static const char *const statuses[] = {
	"upstreamed", "upstreamable", "needs-upstream-hook", "inapplicable", "unknown", NULL};
static const char *type_words[STRAKE_OVERLAY_N_TYPES + 1]; // from overlay_def.c, set once

static const StrakeField metadata_fields[] = {
	{.key = "category",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeOverlayMetadata, category),
		.words = categories,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "Why the change exists."},
	{.key = "upstream-status",
		.kind = STRAKE_FIELD_STRING,
		.offset = offsetof(StrakeOverlayMetadata, upstream_status),
		.words = statuses,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "What upstream thinks of it."},
	{.key = "commits",
		.kind = STRAKE_FIELD_URLS,
		.offset = offsetof(StrakeOverlayMetadata, commits),
		.doc = "Upstream commits."},
	{.key = "bugs",
		.kind = STRAKE_FIELD_URLS,
		.offset = offsetof(StrakeOverlayMetadata, bugs),
		.doc = "Reports that it answers."},
	{0},
};

static void check_metadata(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	const StrakeOverlayMetadata *m = item;
	const char *status = m->upstream_status;

	if (m->category == NULL || status == NULL || strcmp(m->category, "upstream-backport") != 0)
		return;
	if (m->commits == NULL || m->commits[0] == NULL)
		strake_load_problem(load, strake_load_at(load, table),
			"%s: category 'upstream-backport' needs at least one of 'commits'",
			load->path->str);
	if (strcmp(status, "upstreamed") != 0 && strcmp(status, "upstreamable") != 0)
		strake_load_problem(load, strake_load_at(load, table),
			"%s: category 'upstream-backport' needs upstream-status 'upstreamed' or "
			"'upstreamable', not '%s'",
			load->path->str, status);
}

const StrakeSchema strake_metadata_schema = {
	.title = "overlay metadata",
	.size = sizeof(StrakeOverlayMetadata),
	.fields = metadata_fields,
	.check = check_metadata,
};

#define ROW(k, t, m, d)                                                                            \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_##t, .offset = AT(m), .doc = d                      \
	}
#define EXT(k, t, m, d)                                                                            \
	{                                                                                          \
		.key = k, .kind = STRAKE_FIELD_##t, .offset = AT(m), .doc = d,                     \
		.flags = STRAKE_FIELD_EXTENSION                                                    \
	}

static const StrakeField overlay_fields[] = {
	{.key = "type",
		.kind = STRAKE_FIELD_ENUM,
		.offset = AT(type),
		.words = type_words,
		.flags = STRAKE_FIELD_REQUIRED,
		.doc = "What kind of change this is."},
	{.key = "description",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(description),
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Why the change is made."},
	{.key = "metadata",
		.kind = STRAKE_FIELD_TABLE_PTR,
		.offset = AT(metadata),
		.schema = &strake_metadata_schema,
		.flags = STRAKE_FIELD_IDENTITY,
		.doc = "Category, upstream status and links."},
	ROW("tag", STRING, tag, "Spec tag name."),
	ROW("value", STRING, value, "Value of the tag, macro, dependency, name or unit."),
	ROW("section", STRING, section, "Spec section, such as %build."),
	ROW("package", STRING, package, "Sub-package as the section header writes it."),
	ROW("lines", STRINGS, lines, "Lines of text."),
	ROW("regex", STRING, regex, "Regular expression in RE2 syntax."),
	ROW("replacement", STRING, replacement, "Replacement text, or new name."),
	ROW("file", STRING, file, "File name, glob, or absolute path in a package."),
	ROW("source", PATH, source, "File to copy, relative to this file."),
	ROW("archive", STRING, archive, "Source archive whose content is edited."),
	EXT("expand", BOOL, expand, "Let \\1 in the replacement stand for the first group."),
	{.key = "count",
		.kind = STRAKE_FIELD_INT,
		.offset = AT(count),
		.min = 1,
		.max = 1000000,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Exact number of replacements expected."},
	EXT("before", STRING, before, "Regular expression: put the lines before its first match."),
	EXT("after", STRING, after, "Regular expression: put the lines after its first match."),
	EXT("name", STRING, name, "Macro name."),
	{.key = "kind",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(kind),
		.words = kinds,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Kind of dependency."},
	{.key = "state",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(state),
		.words = states,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Whether the unit is started by default."},
	EXT("target", STRING, target, "What a symbolic link points to."),
	EXT("owner", STRING, owner, "User name."),
	EXT("group", STRING, group, "Group name."),
	EXT("capability", STRING, capability, "File capabilities, as cap_from_text reads them."),
	EXT("mode", MODE, mode, "Permission bits."),
	EXT("config", BOOL, config, "A configuration file, kept when changed."),
	EXT("optional", BOOL, optional,
		"Also right when it matches nothing, as in another suite of the upstream."),
	{.key = "script",
		.kind = STRAKE_FIELD_STRING,
		.offset = AT(script),
		.words = scripts,
		.flags = STRAKE_FIELD_EXTENSION,
		.doc = "Maintainer script."},
	EXT("sha256", STRING, sha256, "Digest of the script residue that was read."),
	{0},
};

// Space-separated keys. "type", "description" and "metadata" fit everywhere.
static const struct {
	StrakeOverlayType type;
	const char *required;
	const char *optional;
} rules[] = {
	{STRAKE_OVERLAY_SPEC_ADD_TAG, "tag value", "package"},
	{STRAKE_OVERLAY_SPEC_INSERT_TAG, "tag value", "package"},
	{STRAKE_OVERLAY_SPEC_UPDATE_TAG, "tag value", "package"},
	{STRAKE_OVERLAY_SPEC_SET_TAG, "tag value", "package"},
	{STRAKE_OVERLAY_SPEC_REMOVE_TAG, "tag", "value package"},
	{STRAKE_OVERLAY_SPEC_PREPEND_LINES, "lines", "section package before after"},
	{STRAKE_OVERLAY_SPEC_APPEND_LINES, "lines", "section package before after"},
	{STRAKE_OVERLAY_SPEC_SEARCH_REPLACE, "regex",
		"replacement section package "
		"count expand"},
	{STRAKE_OVERLAY_SPEC_REMOVE_SECTION, "section", "package"},
	{STRAKE_OVERLAY_SPEC_REMOVE_SUBPACKAGE, "package", ""},
	{STRAKE_OVERLAY_SPEC_SET_MACRO, "name value", ""},
	{STRAKE_OVERLAY_SPEC_REMOVE_MACRO, "name", ""},
	{STRAKE_OVERLAY_PATCH_ADD, "source", "file"},
	{STRAKE_OVERLAY_PATCH_REMOVE, "file", ""},
	{STRAKE_OVERLAY_FILE_PREPEND_LINES, "file lines", ""},
	{STRAKE_OVERLAY_FILE_SEARCH_REPLACE, "file regex",
		"replacement archive count "
		"expand"},
	{STRAKE_OVERLAY_FILE_ADD, "file source", ""},
	{STRAKE_OVERLAY_FILE_REMOVE, "file", "archive"},
	{STRAKE_OVERLAY_FILE_RENAME, "file replacement", ""},
	{STRAKE_OVERLAY_PACKAGE_RENAME, "value", ""},
	{STRAKE_OVERLAY_PACKAGE_FILE_REMOVE, "file", "optional"},
	{STRAKE_OVERLAY_PACKAGE_FILE_ADD, "file",
		"source lines target mode "
		"owner group config"},
	{STRAKE_OVERLAY_PACKAGE_FILE_MOVE, "file replacement", "config optional"},
	{STRAKE_OVERLAY_PACKAGE_SET_ATTR, "file", "mode owner group capability optional"},
	{STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY, "kind value", ""},
	{STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY, "kind value", "optional"},
	{STRAKE_OVERLAY_PACKAGE_ADD_USER, "lines", ""},
	{STRAKE_OVERLAY_PACKAGE_ADD_TMPFILES, "lines", ""},
	{STRAKE_OVERLAY_PACKAGE_ENABLE_UNIT, "value", "state"},
	{STRAKE_OVERLAY_PACKAGE_ALTERNATIVE, "file target", ""},
	{STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT, "script sha256", ""},
};

G_STATIC_ASSERT(G_N_ELEMENTS(rules) == STRAKE_OVERLAY_N_TYPES);

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; *at != '\0';) {
		size_t size = strcspn(at, " ");
		if (size == n && memcmp(at, word, n) == 0)
			return true;
		at += size + strspn(at + size, " ");
	}
	return false;
}

static bool is_package_type(StrakeOverlayType type)
{
	return type >= STRAKE_OVERLAY_PACKAGE_RENAME;
}

// Where the key's value stands, for errors; the table when it is not there.
static StrakeOrigin at_key(const StrakeLoad *load, const StrakeTomlValue *table, const char *key)
{
	const StrakeTomlEntry *entry = strake_toml_get(table, key);

	return strake_load_at(load, entry != NULL ? &entry->value : table);
}

// As azldev has it, an empty value is a missing one.
static bool is_empty(const StrakeTomlValue *value)
{
	return (value->kind == STRAKE_TOML_STRING && value->string.size == 0) ||
		(value->kind == STRAKE_TOML_ARRAY && value->array.count == 0);
}

// A key that its type does not use: azldev accepts its own, so only the extensions are refused.
static void check_keys(StrakeLoad *load, const StrakeOverlay *o, const StrakeTomlValue *table)
{
	const char *type = strake_overlay_type_name(o->type);

	for (const StrakeField *field = overlay_fields + 3; field->key != NULL; field++) {
		const StrakeTomlEntry *entry = strake_toml_get(table, field->key);
		bool required = has_word(rules[o->type].required, field->key);
		bool known = required || has_word(rules[o->type].optional, field->key);
		bool extension =
			(field->flags & STRAKE_FIELD_EXTENSION) != 0 || is_package_type(o->type);
		if (required && entry == NULL)
			strake_load_problem(load, strake_load_at(load, table),
				"%s: an overlay of type '%s' needs the key '%s'", load->path->str,
				type, field->key);
		if (required && entry != NULL && is_empty(&entry->value))
			strake_load_problem(load, strake_load_at(load, &entry->value),
				"%s.%s: an overlay of type '%s' needs more than nothing there",
				load->path->str, field->key, type);
		if (entry != NULL && !known && extension)
			strake_load_problem(load,
				(StrakeOrigin){load->file, entry->line, entry->column},
				"%s: an overlay of type '%s' does not use the key '%s'; it uses: "
				"%s%s%s",
				load->path->str, type, field->key, rules[o->type].required,
				*rules[o->type].optional != '\0' ? " " : "",
				rules[o->type].optional);
	}
}

void strake_overlay_check_unused(StrakeLoad *load, const StrakeOverlay *o, GHashTable *sources)
{
	for (const StrakeField *field = overlay_fields + 3; field->key != NULL; field++) {
		const StrakeFieldSource *source =
			g_hash_table_lookup(sources, STRAKE_FIELD_AT_CONST(o, field));
		if (source == NULL || has_word(rules[o->type].required, field->key) ||
			has_word(rules[o->type].optional, field->key))
			continue;
		strake_load_problem(load,
			(StrakeOrigin){source->file, source->value->line, source->value->column},
			"an overlay of type '%s' does not use the key '%s'; in a strict project it "
			"may not be there",
			strake_overlay_type_name(o->type), field->key);
	}
}

static void check_regex(StrakeLoad *load, const StrakeOverlay *o, const char *key,
	const char *pattern, const StrakeTomlValue *table)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeRegex) regex = NULL;

	if (pattern == NULL)
		return;
	regex = strake_regex_new(pattern, STRAKE_REGEX_DEFAULT, &error);
	if (regex != NULL && o->expand && o->replacement != NULL)
		(void)!strake_regex_check_expand(regex, o->replacement, &error);
	if (error != NULL)
		strake_load_problem(load, at_key(load, table, key), "%s.%s: %s", load->path->str,
			key, error->message);
}

static void check_file(StrakeLoad *load, const StrakeOverlay *o, const StrakeTomlValue *table)
{
	g_autoptr(GError) error = NULL;
	StrakeOrigin at = at_key(load, table, "file");

	if (o->file == NULL)
		return;
	if (*o->file == '\0')
		strake_load_problem(load, at, "%s.file must not be empty", load->path->str);
	else if (!strake_glob_check(o->file, &error))
		strake_load_problem(load, at, "%s.file: %s", load->path->str, error->message);
	else if (is_package_type(o->type) && *o->file != '/')
		strake_load_problem(load, at,
			"%s.file: '%s' is not an absolute path; paths in packages begin with '/'",
			load->path->str, o->file);
	else if (!is_package_type(o->type) && *o->file == '/')
		strake_load_problem(load, at,
			"%s.file: '%s' is absolute; it is looked for below the sources",
			load->path->str, o->file);
}

static void check_package_type(
	StrakeLoad *load, const StrakeOverlay *o, const StrakeTomlValue *table)
{
	StrakeOrigin at = strake_load_at(load, table);
	const char *path = load->path->str;
	int contents = (o->source != NULL) + (o->lines != NULL) + (o->target != NULL);

	if (o->type == STRAKE_OVERLAY_PACKAGE_FILE_ADD && contents != 1)
		strake_load_problem(load, at,
			"%s: package-file-add needs exactly one of 'source', 'lines' and 'target'",
			path);
	if (o->type == STRAKE_OVERLAY_PACKAGE_SET_ATTR && o->mode < 0 && o->owner == NULL &&
		o->group == NULL && o->capability == NULL)
		strake_load_problem(load, at,
			"%s: package-set-attr needs at least one of 'mode', 'owner', 'group' and "
			"'capability'",
			path);
	if (o->type == STRAKE_OVERLAY_PACKAGE_FILE_MOVE && o->replacement != NULL &&
		*o->replacement != '/')
		strake_load_problem(load, at_key(load, table, "replacement"),
			"%s.replacement: '%s' is not an absolute path", path, o->replacement);
	if (o->sha256 != NULL && !strake_digest_is_hex(STRAKE_DIGEST_SHA256, o->sha256))
		strake_load_problem(load, at_key(load, table, "sha256"),
			"%s.sha256: '%s' is not 64 lower-case hexadecimal digits", path, o->sha256);
}

static void check_spec_type(StrakeLoad *load, const StrakeOverlay *o, const StrakeTomlValue *table)
{
	const char *path = load->path->str;
	bool sectioned = has_word(rules[o->type].optional, "section");

	if (sectioned && o->package != NULL && *o->package != '\0' &&
		(o->section == NULL || *o->section == '\0'))
		strake_load_problem(load, at_key(load, table, "package"),
			"%s: 'package' is of use only together with 'section'", path);
	if (o->type == STRAKE_OVERLAY_SPEC_REMOVE_SUBPACKAGE && o->section != NULL)
		strake_load_problem(load, at_key(load, table, "section"),
			"%s: spec-remove-subpackage removes all sections of the package; use "
			"spec-remove-section for one",
			path);
	if (o->before != NULL && o->after != NULL)
		strake_load_problem(load, at_key(load, table, "after"),
			"%s: 'before' and 'after' exclude each other", path);
	if (o->type == STRAKE_OVERLAY_FILE_RENAME && o->replacement != NULL &&
		(strchr(o->replacement, '/') != NULL || *o->replacement == '\0'))
		strake_load_problem(load, at_key(load, table, "replacement"),
			"%s.replacement: '%s' is not a bare file name; a renamed file stays in its "
			"directory",
			path, o->replacement);
}

static void check_overlay(StrakeLoad *load, void *item, const StrakeTomlValue *table)
{
	StrakeOverlay *o = item;

	if (o->type == STRAKE_OVERLAY_INVALID)
		return;
	if (load->in_overlay_file && o->metadata != NULL)
		strake_load_problem(load, at_key(load, table, "metadata"),
			"%s: in an overlay file the metadata stands once, at the top",
			load->path->str);
	check_keys(load, o, table);
	check_regex(load, o, "regex", o->regex, table);
	check_regex(load, o, "before", o->before, table);
	check_regex(load, o, "after", o->after, table);
	check_file(load, o, table);
	if (is_package_type(o->type))
		check_package_type(load, o, table);
	else
		check_spec_type(load, o, table);
}

static void init_overlay(void *item)
{
	StrakeOverlay *o = item;

	o->type = STRAKE_OVERLAY_INVALID;
	o->mode = -1;
}

static void describe_overlay(JsonBuilder *json);

const StrakeSchema strake_overlay_schema = {
	.title = "overlay",
	.size = sizeof(StrakeOverlay),
	.fields = overlay_fields,
	.has_origin = true,
	.origin_offset = AT(origin),
	.init = init_overlay,
	.check = check_overlay,
	.describe = describe_overlay,
};

// "type" decides what is required: one branch a type.
static void describe_overlay(JsonBuilder *json)
{
	json_builder_set_member_name(json, "oneOf");
	json_builder_begin_array(json);
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_auto(GStrv) required = g_strsplit(rules[i].required, " ", -1);
		json_builder_begin_object(json);
		json_builder_set_member_name(json, "properties");
		json_builder_begin_object(json);
		json_builder_set_member_name(json, "type");
		json_builder_begin_object(json);
		json_builder_set_member_name(json, "const");
		json_builder_add_string_value(json, strake_overlay_type_name(rules[i].type));
		json_builder_end_object(json);
		json_builder_end_object(json);
		json_builder_set_member_name(json, "required");
		json_builder_begin_array(json);
		for (char **key = required; *key != NULL; key++)
			json_builder_add_string_value(json, *key);
		json_builder_end_array(json);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

void strake_tables_init(void)
{
	static gsize done;

	if (!g_once_init_enter(&done))
		return;
	for (int i = 0; i < STRAKE_OVERLAY_N_TYPES; i++) {
		g_assert(rules[i].type == (StrakeOverlayType)i);
		type_words[i] = strake_overlay_type_name((StrakeOverlayType)i);
	}
	g_once_init_leave(&done, 1);
}
