// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One pass over data.tar: each regular file is digested, looked at, and written into the payload as
// it streams by; what becomes of directories and links is decided at the end.
// Format: docs/bridge.md, "Files".
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "bridge/conversion.h"
#include "format/elf_file.h"

// ELF files up to this size are read in memory, larger ones through a temporary file.
enum { MAX_IN_MEMORY = 16 << 20, MAX_CAPTURE = 4 << 20 };

typedef struct {
	StrakeConversion *c;
	StrakeRpmPayload *payload;
	StrakeDebData *data;
	GHashTable *md5;     // path -> hex of md5sums
	GHashTable *config;  // path set: conffiles
	GHashTable *emptied; // directories that lost a child to an overlay or a rule
	GHashTable *names;   // upstream's path -> path here, for hard links
	StrakeDigest *sha256, *md5_digest;
} Pass;

/* A file's content on its way: kept for the ELF reader or for the bridge itself. */
typedef struct {
	GByteArray *bytes; // NULL: not wanted
	strake_fd spool;   // >= 0 once too large for memory
	uint64_t size;
} Capture;

static void capture_clear(Capture *capture)
{
	g_clear_pointer(&capture->bytes, g_byte_array_unref);
	strake_fd_clear(&capture->spool);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Capture, capture_clear)

static void parse_md5sums(Pass *pass)
{
	GBytes *bytes = strake_deb_file_member(pass->c->deb, "md5sums");
	g_autofree char *text = NULL;
	char *line, *state = NULL;

	if (bytes == NULL || g_bytes_get_size(bytes) == 0)
		return;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	for (line = strtok_r(text, "\n", &state); line != NULL;
		line = strtok_r(NULL, "\n", &state)) {
		if (strlen(line) < 35 || line[32] != ' ')
			continue;
		line[32] = '\0';
		if (strake_digest_is_hex(STRAKE_DIGEST_MD5, line))
			g_hash_table_insert(pass->md5, g_strdup(line + 34), g_strdup(line));
	}
}

/* "/path" or "remove-on-upgrade /path": the second form is of a file that is gone. */
static void parse_conffiles(Pass *pass)
{
	GBytes *bytes = strake_deb_file_member(pass->c->deb, "conffiles");
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;

	if (bytes == NULL || g_bytes_get_size(bytes) == 0)
		return;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_strstrip(*line);
		if (**line == '/')
			g_hash_table_add(pass->config, g_strdup(*line));
		else if (g_str_has_prefix(*line, "remove-on-upgrade "))
			strake_conversion_note(pass->c, "file",
				"%s: upstream removes this old configuration file on upgrade",
				*line + strlen("remove-on-upgrade "));
	}
}

static const char *owner_name(const char *name, uint32_t id)
{
	// ids below 100 are the same on every system of this upstream
	static const struct {
		uint32_t id;
		const char *name;
	} known[] = {
		{0, "root"},
		{4, "adm"},
		{5, "tty"},
		{6, "disk"},
		{8, "mail"},
		{12, "man"},
		{33, "www-data"},
		{42, "shadow"},
		{43, "utmp"},
		{50, "staff"},
	};

	if (name != NULL && *name != '\0')
		return name;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (known[i].id == id)
			return known[i].name;
	return "root";
}

/* The parents of @path: noted as emptied or kept. */
static void mark_parents(GHashTable *set, const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);

	while (strcmp(parent, "/") != 0 && !g_hash_table_contains(set, parent)) {
		char *above = g_path_get_dirname(parent);

		g_hash_table_add(set, g_steal_pointer(&parent));
		parent = above;
	}
}

/* Old paths of the days before /usr held everything. */
static char *merged_path(const char *path)
{
	static const char *const roots[] = {"/bin/", "/sbin/", "/lib/", "/lib64/"};

	for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
		if (g_str_has_prefix(path, roots[i]))
			return g_strconcat("/usr", path, NULL);
	return g_strdup(path);
}

static StrakeRpmFile *add_file(Pass *pass, const char *path, const StrakeDebEntry *entry)
{
	StrakeConversion *c = pass->c;
	static const uint32_t types[] = {[STRAKE_DEB_ENTRY_FILE] = S_IFREG,
		[STRAKE_DEB_ENTRY_DIRECTORY] = S_IFDIR,
		[STRAKE_DEB_ENTRY_SYMLINK] = S_IFLNK,
		[STRAKE_DEB_ENTRY_HARDLINK] = S_IFREG};
	uint32_t mode = types[entry->type] |
			(entry->type == STRAKE_DEB_ENTRY_SYMLINK ? 0777 : entry->mode & 07777);
	StrakeRpmFile *file = strake_rpm_package_add_file(c->rpm, path, mode);
	gpointer wanted;

	g_free(file->user);
	g_free(file->group);
	file->user = g_strdup(owner_name(entry->uname, entry->uid));
	file->group = g_strdup(owner_name(entry->gname, entry->gid));
	file->mtime = (uint32_t)CLAMP(entry->mtime_s, 0, (int64_t)UINT32_MAX);
	file->lang = strake_bridge_file_lang(path);
	if (entry->type != STRAKE_DEB_ENTRY_DIRECTORY)
		file->flags = strake_bridge_file_flags(path);
	if (g_hash_table_contains(pass->config, path) ||
		(entry->type != STRAKE_DEB_ENTRY_DIRECTORY &&
			strake_conversion_moved_config(c, path)))
		file->flags |= STRAKE_RPMFILE_CONFIG | STRAKE_RPMFILE_NOREPLACE;
	strake_conversion_set_attr(c, file);
	if (g_hash_table_lookup_extended(c->plan->modes, path, NULL, &wanted))
		file->mode = (file->mode & S_IFMT) | GPOINTER_TO_UINT(wanted);
	c->newest = MAX(c->newest, file->mtime);
	strake_conversion_register(c, file);
	return file;
}

static bool add_xattrs(const Pass *pass, StrakeRpmFile *file, const StrakeDebEntry *entry)
{
	if (entry->xattrs != NULL && entry->xattrs->len > 0)
		strake_conversion_note(pass->c, "file",
			"%s: %u extended attributes are not kept: RPM packages have no place for "
			"them",
			file->path, entry->xattrs->len);
	return true;
}

static bool capture_add(Pass *pass, Capture *capture, const void *data, size_t size, GError **error)
{
	if (capture->spool >= 0)
		return strake_fd_write_all(capture->spool, data, size, "temporary file", error);
	g_byte_array_append(capture->bytes, data, size);
	if (capture->bytes->len <= MAX_IN_MEMORY)
		return true;
	capture->spool = openat(
		strake_store_dir_fd(pass->c->store), "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (capture->spool < 0)
		return strake_error_errno(error, errno, "make a temporary file in",
			strake_store_path(pass->c->store));
	if (!strake_fd_write_all(capture->spool, capture->bytes->data, capture->bytes->len,
		    "temporary file", error))
		return false;
	g_byte_array_set_size(capture->bytes, 0);
	return true;
}

static void take_elf(Pass *pass, StrakeRpmFile *file, const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	const char *base = strrchr(file->path, '/') + 1;
	g_autoptr(StrakeElf) elf =
		strake_elf_parse(data, size, base, (file->mode & 0111) != 0, &error);
	GHashTable *names = pass->c->dep_names;

	if (elf == NULL) {
		strake_conversion_note(pass->c, "file", "%s: %s", file->path, error->message);
		return;
	}
	file->class = elf->class_text;
	file->color = elf->type == 2 || elf->type == 3 ? (elf->is_64 ? 2 : 1) : 0;
	pass->c->n_elf++;
	if (g_str_has_prefix(file->path, "/usr/lib/debug/"))
		return;
	for (guint i = 0; i < elf->provides->len; i++)
		g_hash_table_add(names, g_strconcat("P", elf->provides->pdata[i], NULL));
	for (guint i = 0; i < elf->requires->len; i++)
		g_hash_table_add(names, g_strconcat("R", elf->requires->pdata[i], NULL));
	if (elf->soname != NULL && g_str_has_prefix(elf->soname, "ld-linux"))
		g_hash_table_add(names, g_strdup("Prtld(GNU_HASH)"));
}

static bool take_capture(Pass *pass, StrakeRpmFile *file, Capture *capture, GError **error)
{
	void *map;

	if (capture->bytes == NULL)
		return true;
	if (capture->spool < 0) {
		if (strake_elf_is(capture->bytes->data, capture->bytes->len))
			take_elf(pass, file, capture->bytes->data, capture->bytes->len);
		if (strake_bridge_wants_content(file->path) ||
			g_hash_table_contains(pass->c->plan->capture, file->path))
			g_hash_table_insert(pass->c->content, g_strdup(file->path),
				g_byte_array_free_to_bytes(g_steal_pointer(&capture->bytes)));
		return true;
	}
	map = mmap(NULL, capture->size, PROT_READ, MAP_SHARED, capture->spool, 0);
	if (map == MAP_FAILED)
		return strake_error_errno(error, errno, "map a copy of", file->path);
	take_elf(pass, file, map, capture->size);
	munmap(map, capture->size);
	return true;
}

static bool check_md5(Pass *pass, const char *path, GError **error)
{
	const char *want = g_hash_table_lookup(pass->md5, path);
	char got[STRAKE_DIGEST_HEX_MAX];

	if (want == NULL)
		return true;
	strake_digest_hex(pass->md5_digest, got);
	if (strcmp(got, want) == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
		"%s: the content of /%s has the MD5 %s, but its md5sums say %s",
		strake_deb_file_name(pass->c->deb), path, got, want);
}

/* Reads the content once: digests, capture, payload. @file NULL: only checked. */
static bool stream_content(
	Pass *pass, StrakeRpmFile *file, const StrakeDebEntry *entry, GError **error)
{
	g_auto(Capture) capture = {.spool = -1};
	g_autofree char *path = g_strdup(entry->path);
	bool check = g_hash_table_contains(pass->md5, path), first = true;
	char hex[STRAKE_DIGEST_HEX_MAX];
	const void *data;
	size_t size;

	while (true) {
		if (!strake_deb_data_read(pass->data, &data, &size, error))
			return false;
		if (size == 0)
			break;
		if (check)
			strake_digest_update(pass->md5_digest, data, size);
		if (file == NULL)
			continue;
		if (first && (strake_elf_is(data, size) ||
				     ((strake_bridge_wants_content(file->path) ||
					      g_hash_table_contains(
						      pass->c->plan->capture, file->path)) &&
					     file->size <= MAX_CAPTURE)))
			capture.bytes = g_byte_array_sized_new(MIN(file->size, MAX_IN_MEMORY));
		first = false;
		strake_digest_update(pass->sha256, data, size);
		capture.size += size;
		if (capture.bytes != NULL && !capture_add(pass, &capture, data, size, error))
			return false;
		if (!strake_rpm_payload_data(pass->payload, data, size, error))
			return false;
	}
	if (check && !check_md5(pass, path, error))
		return false;
	if (file == NULL)
		return true;
	strake_digest_hex(pass->sha256, hex);
	g_strlcpy(file->sha256, hex, sizeof(file->sha256));
	return take_capture(pass, file, &capture, error);
}

static uint32_t header_index(const StrakeConversion *c, const char *path)
{
	if (c->plan->indexes == NULL)
		return 0;
	return GPOINTER_TO_UINT(g_hash_table_lookup(c->plan->indexes, path)) - 1;
}

static bool begin_entry(
	Pass *pass, const StrakeRpmFile *file, const char *path, uint64_t size, GError **error)
{
	StrakeRpmPayloadEntry entry = {.path = path,
		.mode = file->mode,
		.inode = file->inode,
		.nlink = file->nlink,
		.mtime = file->mtime,
		.size = size,
		.index = header_index(pass->c, path)};

	return strake_rpm_payload_begin(pass->payload, &entry, error);
}

/*
 * The content of a hard-linked file stands with the last of its names (in header order), right
 * after the others, which are empty: that is how rpm unpacks them.
 */
static bool begin_content(Pass *pass, StrakeRpmFile *file, uint64_t size, GError **error)
{
	const GPtrArray *names = g_hash_table_lookup(pass->c->plan->links, file->path);
	guint count = names != NULL ? names->len : 1;

	file->nlink = count;
	file->inode = pass->c->inode++;
	file->size = size;
	if (names == NULL)
		return begin_entry(pass, file, file->path, size, error);
	for (guint i = 0; i + 1 < count; i++)
		if (!begin_entry(pass, file, names->pdata[i], 0, error))
			return false;
	return begin_entry(pass, file, names->pdata[count - 1], size, error);
}

static bool take_regular(Pass *pass, const char *path, const StrakeDebEntry *entry, GError **error)
{
	StrakeRpmFile *file = add_file(pass, path, entry);

	if (entry->size >= STRAKE_RPM_LARGE_FILE && pass->c->plan->indexes == NULL) {
		// needs the form without names, hence the order of all files: next pass
		pass->c->next->indexes =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		file->inode = pass->c->inode++;
		file->size = entry->size;
		return true;
	}
	return begin_content(pass, file, entry->size, error) &&
	       stream_content(pass, file, entry, error) && add_xattrs(pass, file, entry);
}

static void add_link_name(StrakeBridgePlan *plan, const char *target, const char *path)
{
	GPtrArray *names = g_hash_table_lookup(plan->links, target);

	if (names == NULL) {
		names = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(names, g_strdup(target));
	} else {
		g_ptr_array_ref(names);
	}
	g_ptr_array_add(names, g_strdup(path));
	if (names->len == 2)
		g_hash_table_insert(plan->links, g_strdup(target), g_ptr_array_ref(names));
	g_hash_table_insert(plan->links, g_strdup(path), names);
}

static bool take_hard_link(
	Pass *pass, const char *path, const StrakeDebEntry *entry, GError **error)
{
	StrakeConversion *c = pass->c;
	const char *target = g_hash_table_lookup(pass->names, entry->linkname);
	StrakeRpmFile *first = target != NULL ? g_hash_table_lookup(c->files, target) : NULL;
	StrakeRpmFile *file;

	if (first == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: %s is a hard link to /%s, which an overlay removes; remove or keep "
			"both",
			strake_deb_file_name(c->deb), path, entry->linkname);
	file = add_file(pass, path, entry);
	file->mode = first->mode;
	file->size = first->size;
	file->inode = first->inode;
	file->nlink = first->nlink;
	file->color = first->color;
	file->class = first->class;
	file->mtime = first->mtime;
	memcpy(file->sha256, first->sha256, sizeof(file->sha256));
	add_link_name(c->next, first->path, path);
	c->n_links++;
	return true;
}

static bool take_entry(Pass *pass, const StrakeDebEntry *entry, GError **error)
{
	StrakeConversion *c = pass->c;
	g_autofree char *merged = NULL;
	g_autofree char *path = NULL;
	StrakeRpmFile *file;

	if (*entry->path == '\0')
		return true;
	path = g_strconcat("/", entry->path, NULL);
	merged = merged_path(path);
	strake_script_paths_add(c->paths, merged,
		entry->type == STRAKE_DEB_ENTRY_DIRECTORY ? 'd'
		: entry->type == STRAKE_DEB_ENTRY_SYMLINK ? 'l'
							  : 'f',
		(int)entry->mode);
	if (entry->type == STRAKE_DEB_ENTRY_DIRECTORY && strake_bridge_is_base_dir(merged))
		return true;
	if (strake_conversion_removes(c, merged) ||
		(entry->type != STRAKE_DEB_ENTRY_DIRECTORY && strake_bridge_is_changelog(merged))) {
		if (entry->type != STRAKE_DEB_ENTRY_DIRECTORY)
			mark_parents(pass->emptied, merged);
		c->n_removed++;
		return entry->type != STRAKE_DEB_ENTRY_FILE ||
		       stream_content(pass, NULL, entry, error);
	}
	g_free(path);
	path = strake_conversion_moved(c, merged);
	g_hash_table_insert(pass->names, g_strdup(entry->path), g_strdup(path));
	switch (entry->type) {
	case STRAKE_DEB_ENTRY_FILE:
		return take_regular(pass, path, entry, error);
	case STRAKE_DEB_ENTRY_HARDLINK:
		return take_hard_link(pass, path, entry, error);
	case STRAKE_DEB_ENTRY_SYMLINK:
		file = add_file(pass, path, entry);
		file->target = g_strdup(entry->linkname);
		file->size = strlen(file->target);
		return true;
	default:
		file = add_file(pass, path, entry);
		return add_xattrs(pass, file, entry);
	}
}

/* Directories that hold nothing since something of them was removed go too. */
static void drop_emptied(Pass *pass)
{
	GPtrArray *files = pass->c->rpm->files;
	g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < files->len; i++) {
		const StrakeRpmFile *file = files->pdata[i];

		if (!S_ISDIR(file->mode) || !g_hash_table_contains(pass->emptied, file->path))
			mark_parents(kept, file->path);
	}
	for (guint i = files->len; i > 0; i--) {
		StrakeRpmFile *file = files->pdata[i - 1];

		if (!S_ISDIR(file->mode) || !g_hash_table_contains(pass->emptied, file->path) ||
			g_hash_table_contains(kept, file->path))
			continue;
		g_hash_table_remove(pass->c->files, file->path);
		g_ptr_array_remove_index(files, i - 1);
	}
}

/* One file, one set of attributes: what is said of one name holds for all. */
static void finish_links(StrakeConversion *c)
{
	GHashTableIter iter;
	gpointer path, value;

	g_hash_table_iter_init(&iter, c->next->links);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		GPtrArray *names = value;

		g_ptr_array_sort(names, strake_bridge_compare_texts);
		if (strcmp(path, names->pdata[0]) == 0)
			strake_conversion_set_attr_linked(c, names);
	}
}

static bool run_pass(Pass *pass, GError **error)
{
	const StrakeDebEntry *entry;

	parse_md5sums(pass);
	parse_conffiles(pass);
	pass->data = strake_deb_data_open(pass->c->deb, error);
	if (pass->data == NULL)
		return false;
	while (true) {
		if (!strake_cancel_check(error) || !strake_deb_data_next(pass->data, &entry, error))
			return false;
		if (entry == NULL)
			break;
		if (!take_entry(pass, entry, error))
			return false;
	}
	drop_emptied(pass);
	finish_links(pass->c);
	return true;
}

bool strake_conversion_files(StrakeConversion *c, StrakeRpmPayload *payload, GError **error)
{
	g_autoptr(GHashTable) md5 = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) config = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) emptied =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) names =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(StrakeDigest) sha256 = strake_digest_new(STRAKE_DIGEST_SHA256);
	g_autoptr(StrakeDigest) md5_digest = strake_digest_new(STRAKE_DIGEST_MD5);
	Pass pass = {.c = c,
		.payload = payload,
		.md5 = md5,
		.config = config,
		.emptied = emptied,
		.names = names,
		.sha256 = sha256,
		.md5_digest = md5_digest};
	bool done = run_pass(&pass, error);

	g_clear_pointer(&pass.data, strake_deb_data_free);
	return done;
}
