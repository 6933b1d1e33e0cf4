// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlays on files inside a source tarball. The archive is read twice: once for its names, to see
// what is there and refuse what is unsafe, and once to copy it, entry by entry, into a new one.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/glob.h"
#include "base/path.h"
#include "overlay/files_private.h"

enum { ENTRIES_MAX = 2000000, BLOCK = 256 * 1024 };
#define EDITED_MAX ((gint64)256 << 20) // a file that is edited is held in memory
#define TOTAL_MAX ((gint64)16 << 30)
#define BOMB_FROM ((gint64)256 << 20) // below this any ratio is harmless
enum { BOMB_RATIO = 300 };

typedef struct archive Archive;
typedef struct archive_entry Entry;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_free)

/** One member, in the archive's order. */
typedef struct {
	char *path; // without "./" and trailing "/"; "" for the root itself
	bool regular;
	bool removed;
	GArray *edits; // of guint: overlays that look into it, in order; NULL: none
} Member;

typedef struct {
	StrakeSources *sources;
	const char *name;
	gint64 packed_size;
	GArray *members; // of Member
	char *root;      // "dir/" or ""
	int filter;      // of libarchive
	int format;
	const GPtrArray *overlays;
	size_t *replaced; // matches for each overlay
} Work;

static bool bad(const Work *w, Archive *a, GError **error, const char *what)
{
	const char *why = archive_error_string(a);

	return strake_error_set(error, STRAKE_ERROR_INVALID, "archive '%s': %s%s%s", w->name, what,
		why != NULL ? ": " : "", why != NULL ? why : "");
}

static bool known_suffix(const char *name)
{
	static const char *const suffixes[] = {".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2",
		".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lzma", ".tlz", ".tar.lz"};

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (g_str_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

static Archive *open_archive(const Work *w, int fd, GError **error)
{
	g_autoptr(Archive) a = archive_read_new();

	archive_read_support_format_tar(a);
	archive_read_support_format_gnutar(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_lzip(a);
	archive_read_support_filter_zstd(a);
	if (lseek(fd, 0, SEEK_SET) < 0) {
		strake_error_errno(error, errno, "read", w->name);
		return NULL;
	}
	if (archive_read_open_fd(a, fd, BLOCK) != ARCHIVE_OK) {
		bad(w, a, error, "it cannot be read");
		return NULL;
	}
	return g_steal_pointer(&a);
}

/* The name without what tar puts around it. */
static char *plain_name(const char *name)
{
	size_t n;

	while (name[0] == '.' && name[1] == '/')
		name += 2;
	n = strlen(name);
	while (n > 0 && name[n - 1] == '/')
		n--;
	return n == 1 && name[0] == '.' ? g_strdup("") : g_strndup(name, n);
}

static bool check_entry(const Work *w, Entry *entry, const char *path, GError **error)
{
	mode_t type = archive_entry_filetype(entry);
	const char *target = archive_entry_symlink(entry);

	if (*path != '\0' && !strake_path_is_clean(path))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"archive '%s': '%s' is not a safe name", w->name, path);
	if (archive_entry_hardlink(entry) != NULL ||
		(type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"archive '%s': '%s' is %s; only files, directories and symbolic links can "
			"be packed again",
			w->name, path,
			archive_entry_hardlink(entry) != NULL ? "a hard link" : "a special file");
	if (type == AE_IFLNK && (target == NULL || !strake_path_link_stays(path, target)))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"archive '%s': the link '%s' leads out of the archive, to '%s'", w->name,
			path, target != NULL ? target : "?");
	return true;
}

static void member_clear(void *data)
{
	Member *member = data;

	g_free(member->path);
	g_clear_pointer(&member->edits, g_array_unref);
}

/* If all is below one directory, that is what patterns are relative to. */
static char *find_root(const GArray *members)
{
	const char *top = NULL;
	size_t n = 0;
	bool is_dir = false;

	for (guint i = 0; i < members->len; i++) {
		const Member *m = &g_array_index(members, Member, i);
		size_t size = strcspn(m->path, "/");
		if (size == 0)
			continue;
		if (top != NULL && (size != n || memcmp(top, m->path, n) != 0))
			return g_strdup("");
		top = m->path;
		n = size;
		is_dir = is_dir || m->path[n] == '/' || !m->regular;
	}
	return is_dir ? g_strdup_printf("%.*s/", (int)n, top) : g_strdup("");
}

/* A warning (an attribute that we do not know) does not make an entry unusable. */
static bool next_header(Archive *a, Entry **entry, int *out_result)
{
	*out_result = archive_read_next_header(a, entry);
	return *out_result == ARCHIVE_OK || *out_result == ARCHIVE_WARN;
}

static bool list(Work *w, int fd, GError **error)
{
	g_autoptr(Archive) a = open_archive(w, fd, error);
	Entry *entry;
	gint64 total = 0;
	int r;

	if (a == NULL)
		return false;
	while (next_header(a, &entry, &r)) {
		const char *name = archive_entry_pathname(entry);
		Member member = {0};
		if (!strake_cancel_check(error))
			return false;
		if (name == NULL)
			return bad(w, a, error, "an entry has no name");
		member.path = plain_name(name);
		member.regular = archive_entry_filetype(entry) == AE_IFREG;
		g_array_append_val(w->members, member);
		if (!check_entry(w, entry, member.path, error))
			return false;
		total += archive_entry_size(entry);
		if (total > TOTAL_MAX || w->members->len > ENTRIES_MAX ||
			(total > BOMB_FROM && total / BOMB_RATIO > w->packed_size))
			return strake_error_set(error, STRAKE_ERROR_LIMIT,
				"archive '%s': %" G_GINT64_FORMAT " bytes in %u entries, out of "
				"%" G_GINT64_FORMAT " bytes packed, is more than we unpack",
				w->name, total, w->members->len, w->packed_size);
	}
	if (r != ARCHIVE_EOF)
		return bad(w, a, error, "it is damaged");
	w->filter = archive_filter_code(a, 0);
	w->format = archive_format(a);
	w->root = find_root(w->members);
	return true;
}

// -- which overlay looks into which member

static char *fail_text(GError *error)
{
	char *text = g_strdup(error->message);

	g_error_free(error);
	return text;
}

static char *select_members(Work *w, guint index)
{
	const StrakeOverlay *o = w->overlays->pdata[index];
	GError *error = NULL;
	g_autoptr(StrakeGlob) glob = strake_glob_new(o->file, &error);
	size_t root_size = strlen(w->root);
	unsigned matched = 0;
	unsigned specs = 0;

	if (glob == NULL)
		return fail_text(error);
	for (guint i = 0; i < w->members->len; i++) {
		Member *m = &g_array_index(w->members, Member, i);
		const char *path = m->path;
		if (!m->regular || m->removed || !g_str_has_prefix(path, w->root))
			continue;
		path += root_size;
		if (g_str_has_prefix(path, ".git/") || strstr(path, "/.git/") != NULL ||
			!strake_glob_match(glob, path))
			continue;
		if (g_str_has_suffix(path, ".spec")) {
			specs++;
			continue;
		}
		matched++;
		if (o->type == STRAKE_OVERLAY_FILE_REMOVE) {
			m->removed = true;
		} else {
			if (m->edits == NULL)
				m->edits = g_array_new(FALSE, FALSE, sizeof(guint));
			g_array_append_val(m->edits, index);
		}
	}
	return matched > 0 ? NULL
			   : g_strdup_printf("'%s' matches no file in archive '%s'%s%s%s%s",
				     o->file, w->name, root_size > 0 ? " below '" : "", w->root,
				     root_size > 0 ? "'" : "", specs > 0 ? " but specs" : "");
}

// -- copying

static Archive *new_archive(const Work *w, int fd, GError **error)
{
	g_autoptr(Archive) a = archive_write_new();
	bool ok;

	if (w->format == ARCHIVE_FORMAT_TAR_GNUTAR)
		archive_write_set_format_gnutar(a);
	else
		archive_write_set_format_pax_restricted(a);
	ok = w->filter == ARCHIVE_FILTER_NONE ||
	     archive_write_add_filter(a, w->filter) == ARCHIVE_OK;
	if (ok && w->filter == ARCHIVE_FILTER_GZIP) // its header would hold the time
		ok = archive_write_set_filter_option(a, "gzip", "timestamp", NULL) == ARCHIVE_OK;
	archive_write_set_bytes_in_last_block(a, 1);
	if (!ok || archive_write_open_fd(a, fd) != ARCHIVE_OK) {
		bad(w, a, error, "it cannot be packed again");
		return NULL;
	}
	return g_steal_pointer(&a);
}

/* The content after all overlays that look into it; NULL with @error set on failure. */
static GBytes *edited(Work *w, const Member *m, GBytes *content, GPtrArray *failed)
{
	GBytes *now = g_bytes_ref(content);

	for (guint i = 0; i < m->edits->len; i++) {
		guint index = g_array_index(m->edits, guint, i);
		g_autoptr(GBytes) next = NULL;
		GError *error = NULL;
		size_t n;
		if (failed->pdata[index] != NULL)
			continue;
		if (!strake_overlay_replace_bytes(
			    w->overlays->pdata[index], now, &next, &n, &error)) {
			failed->pdata[index] = fail_text(error);
			continue;
		}
		w->replaced[index] += n;
		if (next != NULL) {
			g_bytes_unref(now);
			now = g_steal_pointer(&next);
		}
	}
	return now;
}

static GBytes *read_member(const Work *w, Archive *a, Entry *entry, GError **error)
{
	gint64 size = archive_entry_size(entry);
	g_autofree char *data = NULL;
	la_ssize_t n;

	if (size > EDITED_MAX) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"archive '%s': '%s' has %" G_GINT64_FORMAT " bytes, too many to edit",
			w->name, archive_entry_pathname(entry), size);
		return NULL;
	}
	data = g_malloc((size_t)size + 1);
	n = archive_read_data(a, data, (size_t)size);
	if (n != size) {
		bad(w, a, error, "it is damaged");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&data), (size_t)size);
}

static bool copy_data(const Work *w, Archive *in, Archive *out, GError **error)
{
	g_autofree char *buffer = g_malloc(BLOCK);
	la_ssize_t n;

	while ((n = archive_read_data(in, buffer, BLOCK)) > 0)
		if (archive_write_data(out, buffer, (size_t)n) != n)
			return bad(w, out, error, "it cannot be packed again");
	return n == 0 || bad(w, in, error, "it is damaged");
}

static bool copy_member(Work *w, const Member *m, Archive *in, Archive *out, Entry *entry,
	GPtrArray *failed, GError **error)
{
	g_autoptr(GBytes) old = NULL;
	g_autoptr(GBytes) new = NULL;

	if (m->edits != NULL) {
		old = read_member(w, in, entry, error);
		if (old == NULL)
			return false;
		new = edited(w, m, old, failed);
		archive_entry_set_size(entry, (gint64)g_bytes_get_size(new));
	}
	if (m->removed)
		return true;
	archive_entry_unset_atime(entry);
	archive_entry_unset_ctime(entry);
	archive_entry_unset_birthtime(entry);
	archive_entry_sparse_clear(entry);
	if (archive_write_header(out, entry) < ARCHIVE_WARN)
		return bad(w, out, error, "it cannot be packed again");
	if (new != NULL)
		return archive_write_data(out, g_bytes_get_data(new, NULL),
			       g_bytes_get_size(new)) == (la_ssize_t)g_bytes_get_size(new) ||
		       bad(w, out, error, "it cannot be packed again");
	return !m->regular || copy_data(w, in, out, error);
}

static bool repack(Work *w, int fd, int out_fd, GPtrArray *failed, GError **error)
{
	g_autoptr(Archive) in = open_archive(w, fd, error);
	g_autoptr(Archive) out = in != NULL ? new_archive(w, out_fd, error) : NULL;
	Entry *entry;
	guint i = 0;
	int r;

	if (out == NULL)
		return false;
	while (next_header(in, &entry, &r)) {
		if (!strake_cancel_check(error))
			return false;
		if (i >= w->members->len)
			return bad(w, in, error, "it changed while it was read");
		if (!copy_member(w, &g_array_index(w->members, Member, i++), in, out, entry, failed,
			    error))
			return false;
	}
	if (r != ARCHIVE_EOF)
		return bad(w, in, error, "it is damaged");
	return archive_write_close(out) == ARCHIVE_OK ||
	       bad(w, out, error, "it cannot be packed again");
}

static void check_replaced(const Work *w, GPtrArray *failed)
{
	for (guint i = 0; i < w->overlays->len; i++) {
		const StrakeOverlay *o = w->overlays->pdata[i];
		GError *error = NULL;
		if (failed->pdata[i] == NULL && o->type == STRAKE_OVERLAY_FILE_SEARCH_REPLACE &&
			!strake_overlay_check_count(o, w->replaced[i], &error))
			failed->pdata[i] = fail_text(error);
	}
}

bool strake_overlay_apply_archive(StrakeSources *sources, const char *name,
	const GPtrArray *overlays, GPtrArray *failed, GError **error)
{
	g_autofree size_t *replaced = g_new0(size_t, overlays->len + 1);
	g_autoptr(GArray) members = g_array_new(FALSE, TRUE, sizeof(Member));
	Work w = {
		.sources = sources,
		.name = name,
		.overlays = overlays,
		.replaced = replaced,
		.members = members,
	};
	g_autofree char *root = NULL;
	g_autofree char *staged = NULL;
	g_auto(strake_fd) fd = -1;
	g_auto(strake_fd) out_fd = -1;
	struct stat st;
	bool ok;

	g_array_set_clear_func(members, member_clear);
	if (!known_suffix(name))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is no archive that can be packed again: its name must end in .tar, "
			".tar.gz, .tar.bz2, .tar.xz, .tar.zst, .tar.lzma or .tar.lz",
			name);
	if (!strake_sources_open_file(sources, name, &fd, error))
		return false;
	if (fstat(fd, &st) < 0)
		return strake_error_errno(error, errno, "look at", name);
	w.packed_size = st.st_size;
	ok = list(&w, fd, error);
	root = w.root;
	if (!ok)
		return false;
	for (guint i = 0; i < overlays->len; i++)
		failed->pdata[i] = select_members(&w, i);
	if (!strake_sources_stage_new(sources, &staged, &out_fd, error) ||
		!repack(&w, fd, out_fd, failed, error))
		return false;
	check_replaced(&w, failed);
	strake_sources_write_staged(sources, name, staged);
	return true;
}
