// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The outer archive of a .deb and its control.tar.
#include "format/deb_file.h"

#include <string.h>

#include "base/error.h"
#include "format/ar.h"
#include "format/deb_file_private.h"

enum { CONTROL_MEMBERS_MAX = 1000 };

void strake_deb_file_free(StrakeDebFile *file)
{
	if (file == NULL)
		return;
	g_clear_pointer(&file->reader, strake_deb_control_free);
	g_clear_pointer(&file->members, g_hash_table_unref);
	g_clear_pointer(&file->member_names, g_strfreev);
	g_clear_pointer(&file->control_bytes, g_bytes_unref);
	g_bytes_unref(file->bytes);
	g_free(file->package);
	g_free(file->version);
	g_free(file->architecture);
	g_free(file->name);
	g_free(file);
}

const char *strake_deb_file_name(const StrakeDebFile *file)
{
	return file->name;
}

const char *strake_deb_file_package(const StrakeDebFile *file)
{
	return file->package;
}

const char *strake_deb_file_version(const StrakeDebFile *file)
{
	return file->version;
}

const char *strake_deb_file_architecture(const StrakeDebFile *file)
{
	return file->architecture;
}

const StrakeDebStanza *strake_deb_file_control(const StrakeDebFile *file)
{
	return file->control;
}

GBytes *strake_deb_file_member(const StrakeDebFile *file, const char *name)
{
	return g_hash_table_lookup(file->members, name);
}

const char *const *strake_deb_file_members(const StrakeDebFile *file)
{
	return (const char *const *)file->member_names;
}

const char *strake_deb_file_data_compression(const StrakeDebFile *file)
{
	return file->data_compression;
}

// -- the outer archive

static bool check_format_version(
	const StrakeDebFile *file, const StrakeArMember *member, GError **error)
{
	if (strcmp(member->name, "debian-binary") != 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: not a Debian package: its first member is '%s', expected "
			"'debian-binary'",
			file->name, member->name);
	if (member->size < 4 || memcmp(member->data, "2.", 2) != 0 ||
		memchr(member->data, '\n', member->size) == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: unknown package format in 'debian-binary', expected 2.x", file->name);
	return true;
}

static bool need_member(const StrakeDebFile *file, StrakeCursor *cursor, const char *stem,
	StrakeArMember *out, const char **out_compression, GError **error)
{
	bool found = false;

	if (!strake_ar_next(cursor, file->name, out, &found, error))
		return false;
	if (!found)
		return strake_error_set(
			error, STRAKE_ERROR_TRUNCATED, "%s: it has no %s", file->name, stem);
	if (out_compression == NULL)
		return true;
	*out_compression = strake_deb_tar_compression(out->name, stem);
	if (*out_compression != NULL)
		return true;
	if (g_str_has_prefix(out->name, stem))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: '%s' is compressed in a way that is not known (known: .xz .zst .gz "
			".bz2 and none)",
			file->name, out->name);
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"%s: found member '%s' where %s is expected", file->name, out->name, stem);
}

static bool read_outer(StrakeDebFile *file, StrakeArMember *out_control,
	const char **out_control_compression, GError **error)
{
	size_t size = 0;
	const void *start = g_bytes_get_data(file->bytes, &size);
	StrakeCursor cursor = strake_cursor(start, size);
	StrakeArMember member;

	if (!strake_ar_begin(&cursor, file->name, error) ||
		!need_member(file, &cursor, "debian-binary", &member, NULL, error) ||
		!check_format_version(file, &member, error) ||
		!need_member(file, &cursor, "control.tar", out_control, out_control_compression,
			error) ||
		!need_member(file, &cursor, "data.tar", &member, &file->data_compression, error))
		return false;
	file->data = member.data;
	file->data_size = member.size;
	file->data_member =
		strcmp(member.name, "data.tar") == 0 ? "data.tar" : g_intern_string(member.name);
	if (cursor.left == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"%s: %zu bytes follow %s, which must be last", file->name, cursor.left,
		member.name);
}

// -- control.tar

static GBytes *read_content(
	StrakeDebTar *tar, const char *path, struct archive_entry *entry, GError **error)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	const void *part;
	size_t size;

	// The declared size is not trusted for an allocation: the array grows with what is there.
	while (strake_deb_tar_read(tar, &part, &size, error)) {
		if (size == 0)
			return g_byte_array_free_to_bytes(g_steal_pointer(&content));
		g_byte_array_append(content, part, (guint)size);
	}
	return NULL;
}

static bool take_member(StrakeDebFile *file, StrakeDebTar *tar, struct archive_entry *entry,
	const char *path, GError **error)
{
	g_autoptr(GBytes) content = NULL;

	if (*path == '\0' && archive_entry_filetype(entry) == AE_IFDIR)
		return true;
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL ||
		strchr(path, '/') != NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: '%s' is not a plain file at the top", strake_deb_tar_label(tar), path);
	if (g_hash_table_contains(file->members, path))
		return strake_error_set(error, STRAKE_ERROR_INVALID, "%s: '%s' is there twice",
			strake_deb_tar_label(tar), path);
	if (g_hash_table_size(file->members) == CONTROL_MEMBERS_MAX)
		return strake_error_set(error, STRAKE_ERROR_LIMIT, "%s: more than %d members",
			strake_deb_tar_label(tar), CONTROL_MEMBERS_MAX);
	content = read_content(tar, path, entry, error);
	if (content == NULL)
		return false;
	g_hash_table_insert(file->members, g_strdup(path), g_steal_pointer(&content));
	return true;
}

static bool read_control_tar(
	StrakeDebFile *file, const StrakeArMember *member, const char *compression, GError **error)
{
	g_autofree char *label = g_strdup_printf("%s: %s", file->name, member->name);
	g_autoptr(StrakeDebTar) tar = strake_deb_tar_open(member->data, member->size, compression,
		label, STRAKE_DEB_MAX_CONTROL_BYTES, error);
	struct archive_entry *entry;
	const char *path;

	if (tar == NULL)
		return false;
	for (;;) {
		if (!strake_deb_tar_next(tar, &entry, &path, error))
			return false;
		if (entry == NULL)
			break;
		if (!take_member(file, tar, entry, path, error))
			return false;
	}
	file->control_bytes = g_hash_table_lookup(file->members, "control");
	if (file->control_bytes == NULL)
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "%s: it has no file 'control'", label);
	g_bytes_ref(file->control_bytes);
	g_hash_table_remove(file->members, "control");
	return true;
}

static void list_members(StrakeDebFile *file)
{
	g_autoptr(GList) keys = g_hash_table_get_keys(file->members);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	keys = g_list_sort(keys, (GCompareFunc)strcmp);
	for (GList *at = keys; at != NULL; at = at->next)
		g_strv_builder_add(builder, at->data);
	file->member_names = g_strv_builder_end(builder);
}

// -- the control stanza

static bool check_architecture(const StrakeDebFile *file, GError **error)
{
	for (const char *p = file->architecture; *p != '\0'; p++)
		if (!g_ascii_islower(*p) && !g_ascii_isdigit(*p) && *p != '-')
			return strake_error_at(error, STRAKE_ERROR_INVALID,
				strake_deb_stanza_origin(file->control, "Architecture"),
				"'%s' is not an architecture", file->architecture);
	return true;
}

static bool check_relations(const StrakeDebFile *file, GError **error)
{
	static const char *const names[] = {"Pre-Depends", "Depends", "Recommends", "Suggests",
		"Enhances", "Breaks", "Conflicts", "Replaces", "Provides"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const StrakeDebField *field = strake_deb_stanza_find(file->control, names[i]);
		g_autoptr(GPtrArray) groups = NULL;

		if (field != NULL &&
			!strake_deb_relations_parse_n(field->value.data, field->value.size,
				strake_deb_stanza_origin(file->control, names[i]), &groups,
				error)) {
			g_prefix_error(error, "%s: ", names[i]);
			return false;
		}
	}
	return true;
}

static bool check_name_and_version(const StrakeDebFile *file, GError **error)
{
	const char *field = "Package";
	StrakeOrigin at;

	if (strake_deb_name_check(file->package, error)) {
		field = "Version";
		if (strake_deb_version_check(file->version, error))
			return true;
	}
	at = strake_deb_stanza_origin(file->control, field);
	g_prefix_error(error, "%s:%u: ", at.file, at.line);
	return false;
}

static bool read_stanza(StrakeDebFile *file, GError **error)
{
	g_autofree char *label = g_strdup_printf("%s: control", file->name);
	size_t size = 0;
	const char *text = g_bytes_get_data(file->control_bytes, &size);
	g_autoptr(StrakeDebControl) rest = NULL;
	const StrakeDebStanza *more = NULL;

	file->reader = strake_deb_control_new(text, size, label);
	if (!strake_deb_control_next(file->reader, &file->control, error))
		return false;
	if (file->control == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID, "%s: it is empty", label);
	rest = strake_deb_control_new(
		text + (file->control->text.data + file->control->text.size - text),
		size - (size_t)(file->control->text.data + file->control->text.size - text), label);
	if (!strake_deb_control_next(rest, &more, error))
		return false;
	if (more != NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: a second stanza follows the first", label);
	file->package = strake_deb_stanza_need(file->control, "Package", error);
	if (file->package == NULL)
		return false;
	file->version = strake_deb_stanza_need(file->control, "Version", error);
	if (file->version == NULL)
		return false;
	file->architecture = strake_deb_stanza_need(file->control, "Architecture", error);
	return file->architecture != NULL && check_name_and_version(file, error) &&
	       check_architecture(file, error) && check_relations(file, error);
}

StrakeDebFile *strake_deb_file_open(GBytes *deb, const char *name, GError **error)
{
	g_autoptr(StrakeDebFile) file = g_new0(StrakeDebFile, 1);
	StrakeArMember control;
	const char *compression = NULL;

	file->name = g_strdup(name);
	file->bytes = g_bytes_ref(deb);
	file->members = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	if (!read_outer(file, &control, &compression, error) ||
		!read_control_tar(file, &control, compression, error) || !read_stanza(file, error))
		return NULL;
	list_members(file);
	return g_steal_pointer(&file);
}
