// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The file arrays of an RPM header, and the payload entries of files whose content is at hand.
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"
#include "format/rpm_write.h"
#include "format/rpm_write_private.h"

// What `rpm -V` may compare; a ghost's content, size, time and target are nobody's business.
enum { VERIFY_ALL = -1, VERIFY_GHOST = ~0x27 };
enum { DIGEST_ALGO_SHA256 = 8 };

static bool check_files(const StrakeRpmPackage *package, GError **error)
{
	const char *before = NULL;

	if (package->files->len > STRAKE_RPM_MAX_FILES)
		return strake_error_set(error, STRAKE_ERROR_LIMIT, "package %s has %u files",
			package->name, package->files->len);
	for (guint i = 0; i < package->files->len; i++) {
		const StrakeRpmFile *file = package->files->pdata[i];

		if (file->path[0] != '/' || !strake_path_is_clean(file->path + 1))
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"package %s: '%s' is not a clean absolute path", package->name,
				file->path);
		if (before != NULL && strcmp(before, file->path) == 0)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"package %s has '%s' twice", package->name, file->path);
		if (S_ISLNK(file->mode) && file->target == NULL)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"package %s: link '%s' has no target", package->name, file->path);
		before = file->path;
	}
	return true;
}

/* The number of @text in @dict, added at its end when new. */
static uint32_t intern(GHashTable *numbers, GPtrArray *dict, const char *text)
{
	gpointer value;

	if (g_hash_table_lookup_extended(numbers, text, NULL, &value))
		return GPOINTER_TO_UINT(value);
	g_hash_table_insert(numbers, g_strdup(text), GUINT_TO_POINTER(dict->len));
	g_ptr_array_add(dict, g_strdup(text));
	return dict->len - 1;
}

static void put_names(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package)
{
	guint count = package->files->len;
	g_autoptr(GHashTable) numbers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) dirs = g_ptr_array_new_with_free_func(g_free);
	g_autofree uint32_t *indexes = g_new(uint32_t, count);
	g_autofree const char **names = g_new(const char *, count);

	for (guint i = 0; i < count; i++) {
		const StrakeRpmFile *file = package->files->pdata[i];
		const char *slash = strrchr(file->path, '/');
		g_autofree char *dir = g_strndup(file->path, slash + 1 - file->path);

		names[i] = slash + 1;
		indexes[i] = intern(numbers, dirs, dir);
	}
	strake_rpm_header_put_strings(w, STRAKE_RPMTAG_BASENAMES, names, count);
	strake_rpm_header_put_u32(w, STRAKE_RPMTAG_DIRINDEXES, indexes, count);
	strake_rpm_header_put_strings(
		w, STRAKE_RPMTAG_DIRNAMES, (const char *const *)dirs->pdata, dirs->len);
}

static void put_classes(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package)
{
	guint count = package->files->len;
	g_autoptr(GHashTable) numbers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) classes = g_ptr_array_new_with_free_func(g_free);
	g_autofree uint32_t *indexes = g_new(uint32_t, count);

	for (guint i = 0; i < count; i++) {
		const StrakeRpmFile *file = package->files->pdata[i];
		const char *text = file->class != NULL   ? file->class
				   : S_ISDIR(file->mode) ? "directory"
							 : "";

		indexes[i] = intern(numbers, classes, text);
	}
	strake_rpm_header_put_u32(w, STRAKE_RPMTAG_FILECLASS, indexes, count);
	strake_rpm_header_put_strings(
		w, STRAKE_RPMTAG_CLASSDICT, (const char *const *)classes->pdata, classes->len);
}

static const char *file_user(const StrakeRpmFile *file)
{
	return file->user;
}

static const char *file_group(const StrakeRpmFile *file)
{
	return file->group;
}

static const char *file_target(const StrakeRpmFile *file)
{
	return file->target;
}

static const char *file_lang(const StrakeRpmFile *file)
{
	return file->lang;
}

static const char *file_digest(const StrakeRpmFile *file)
{
	return S_ISREG(file->mode) && (file->flags & STRAKE_RPMFILE_GHOST) == 0 ? file->sha256 : "";
}

static const char *file_caps(const StrakeRpmFile *file)
{
	return file->caps;
}

static void put_texts(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package, uint32_t tag,
	const char *(*get)(const StrakeRpmFile *))
{
	guint count = package->files->len;
	g_autofree const char **texts = g_new(const char *, count);

	for (guint i = 0; i < count; i++)
		texts[i] = get(package->files->pdata[i]);
	strake_rpm_header_put_strings(w, tag, texts, count);
}

static uint32_t file_mtime(const StrakeRpmFile *file)
{
	return file->mtime;
}

static uint32_t file_flags(const StrakeRpmFile *file)
{
	return file->flags;
}

static uint32_t file_verify(const StrakeRpmFile *file)
{
	return (uint32_t)(file->flags & STRAKE_RPMFILE_GHOST ? VERIFY_GHOST : VERIFY_ALL);
}

static uint32_t file_device(const StrakeRpmFile *file)
{
	return 1;
}

static uint32_t file_inode(const StrakeRpmFile *file)
{
	return file->inode;
}

static uint32_t file_color(const StrakeRpmFile *file)
{
	return file->color;
}

static void put_numbers(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package, uint32_t tag,
	uint32_t (*get)(const StrakeRpmFile *))
{
	guint count = package->files->len;
	g_autofree uint32_t *numbers = g_new(uint32_t, count);

	for (guint i = 0; i < count; i++)
		numbers[i] = get(package->files->pdata[i]);
	strake_rpm_header_put_u32(w, tag, numbers, count);
}

static void put_modes(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package)
{
	guint count = package->files->len;
	g_autofree uint16_t *modes = g_new(uint16_t, count);
	g_autofree uint16_t *rdevs = g_new0(uint16_t, count);

	for (guint i = 0; i < count; i++)
		modes[i] = (uint16_t)((StrakeRpmFile *)package->files->pdata[i])->mode;
	strake_rpm_header_put_u16(w, STRAKE_RPMTAG_FILEMODES, modes, count);
	strake_rpm_header_put_u16(w, STRAKE_RPMTAG_FILERDEVS, rdevs, count);
}

/* Sizes of all files, and their sum with each hard-linked file once. */
static void put_sizes(StrakeRpmHeaderWriter *w, const StrakeRpmPackage *package)
{
	guint count = package->files->len;
	g_autofree uint32_t *sizes = g_new(uint32_t, count + 1);
	g_autofree uint64_t *long_sizes = g_new(uint64_t, count + 1);
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	bool large = false;
	uint64_t total = 0;
	uint32_t small_total;

	for (guint i = 0; i < count; i++) {
		const StrakeRpmFile *file = package->files->pdata[i];

		sizes[i] = (uint32_t)file->size;
		long_sizes[i] = file->size;
		large = large || file->size >= STRAKE_RPM_LARGE_FILE;
		if (file->nlink > 1 && !g_hash_table_add(seen, GUINT_TO_POINTER(file->inode)))
			continue;
		if ((file->flags & STRAKE_RPMFILE_GHOST) == 0)
			total += file->size;
	}
	if (large)
		strake_rpm_header_put_u64(w, STRAKE_RPMTAG_LONGFILESIZES, long_sizes, count);
	else
		strake_rpm_header_put_u32(w, STRAKE_RPMTAG_FILESIZES, sizes, count);
	small_total = (uint32_t)total;
	if (total > UINT32_MAX)
		strake_rpm_header_put_u64(w, STRAKE_RPMTAG_LONGSIZE, &total, 1);
	else
		strake_rpm_header_put_u32(w, STRAKE_RPMTAG_SIZE, &small_total, 1);
}

bool strake_rpm_put_files(
	StrakeRpmHeaderWriter *writer, const StrakeRpmPackage *package, GError **error)
{
	static const uint32_t algo = DIGEST_ALGO_SHA256;
	bool caps = false;

	if (!check_files(package, error))
		return false;
	put_sizes(writer, package);
	if (package->files->len == 0)
		return true;
	put_names(writer, package);
	put_classes(writer, package);
	put_modes(writer, package);
	put_texts(writer, package, STRAKE_RPMTAG_FILEUSERNAME, file_user);
	put_texts(writer, package, STRAKE_RPMTAG_FILEGROUPNAME, file_group);
	put_texts(writer, package, STRAKE_RPMTAG_FILELINKTOS, file_target);
	put_texts(writer, package, STRAKE_RPMTAG_FILELANGS, file_lang);
	put_texts(writer, package, STRAKE_RPMTAG_FILEDIGESTS, file_digest);
	put_numbers(writer, package, STRAKE_RPMTAG_FILEMTIMES, file_mtime);
	put_numbers(writer, package, STRAKE_RPMTAG_FILEFLAGS, file_flags);
	put_numbers(writer, package, STRAKE_RPMTAG_FILEVERIFYFLAGS, file_verify);
	put_numbers(writer, package, STRAKE_RPMTAG_FILEDEVICES, file_device);
	put_numbers(writer, package, STRAKE_RPMTAG_FILEINODES, file_inode);
	put_numbers(writer, package, STRAKE_RPMTAG_FILECOLORS, file_color);
	strake_rpm_header_put_u32(writer, STRAKE_RPMTAG_FILEDIGESTALGO, &algo, 1);
	for (guint i = 0; i < package->files->len; i++)
		caps = caps || ((StrakeRpmFile *)package->files->pdata[i])->caps != NULL;
	if (caps)
		put_texts(writer, package, STRAKE_RPMTAG_FILECAPS, file_caps);
	return true;
}

static bool write_entry(
	StrakeRpmPayload *payload, const StrakeRpmFile *file, uint32_t index, GError **error)
{
	StrakeRpmPayloadEntry entry = {.path = file->path,
		.mode = file->mode,
		.inode = file->inode,
		.nlink = file->nlink,
		.mtime = file->mtime,
		.size = S_ISDIR(file->mode) ? 0 : file->size,
		.index = index};

	if (!strake_rpm_payload_begin(payload, &entry, error))
		return false;
	if (S_ISLNK(file->mode))
		return strake_rpm_payload_data(payload, file->target, file->size, error);
	if (S_ISREG(file->mode) && file->size > 0)
		return strake_rpm_payload_data(payload, g_bytes_get_data(file->content, NULL),
			g_bytes_get_size(file->content), error);
	return true;
}

bool strake_rpm_package_payload(
	StrakeRpmPackage *package, StrakeRpmPayload *payload, uint32_t first_inode, GError **error)
{
	uint32_t inode = first_inode;

	strake_rpm_package_sort_files(package);
	for (guint i = 0; i < package->files->len; i++) {
		StrakeRpmFile *file = package->files->pdata[i];

		if (S_ISREG(file->mode) && file->content == NULL && file->inode != 0)
			continue; // was streamed before
		file->inode = inode++;
		if (file->flags & STRAKE_RPMFILE_GHOST)
			continue;
		if (S_ISREG(file->mode) && file->content == NULL)
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"package %s: '%s' has no content", package->name, file->path);
		if (S_ISREG(file->mode)) {
			g_autofree char *digest =
				strake_digest_bytes(STRAKE_DIGEST_SHA256, file->content);
			g_strlcpy(file->sha256, digest, sizeof(file->sha256));
		}
		if (!write_entry(payload, file, i, error))
			return false;
	}
	return true;
}
