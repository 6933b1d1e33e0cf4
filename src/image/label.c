// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// libselinux answers "which label has this path"; nothing here talks to the running kernel. An
// answer costs up to a thousand regular expressions, so answers are kept in the store for as long
// as the contexts are the same: one text per set of contexts, lines of "TYPE LABEL PATH", where
// TYPE is the file type in octal and LABEL is "-" for a path without.
#include "image/label.h"

#include <errno.h>
#include <fcntl.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

#define MEMO_KIND "labels"

typedef struct {
	const char *contexts;
	StrakeStore *store;
	char *fingerprint;
	GBytes *kept;      // the text that known borrows from
	GHashTable *known; // "TYPE PATH" -> label
	GString *added;    // lines for the store
	struct selabel_handle *handle;
	unsigned unlabelled;
} Labels;

static void labels_clear(Labels *l)
{
	g_free(l->fingerprint);
	g_clear_pointer(&l->kept, g_bytes_unref);
	g_clear_pointer(&l->known, g_hash_table_unref);
	if (l->added != NULL)
		g_string_free(l->added, TRUE);
	if (l->handle != NULL)
		selabel_close(l->handle);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Labels, labels_clear)

static int drop_message(int type, const char *format, ...)
{
	(void)type;
	(void)format;
	return 0;
}

static bool open_contexts(Labels *l, GError **error)
{
	struct selinux_opt options[] = {{SELABEL_OPT_PATH, l->contexts}};
	union selinux_callback callback = {.func_log = drop_message};

	if (l->handle != NULL)
		return true;
	selinux_set_callback(SELINUX_CB_LOG, callback);
	l->handle = selabel_open(SELABEL_CTX_FILE, options, G_N_ELEMENTS(options));
	return l->handle != NULL ||
	       strake_error_errno(error, errno, "read SELinux file contexts", l->contexts);
}

// All files that libselinux reads for one set of contexts.
static bool fingerprint(Labels *l, GError **error)
{
	static const char *const parts[] = {"", ".homedirs", ".local", ".subs", ".subs_dist"};
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	char hex[STRAKE_DIGEST_HEX_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_strconcat(l->contexts, parts[i], NULL);
		g_auto(strake_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
		g_autofree char *one = NULL;

		if (fd >= 0) {
			one = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
			if (one == NULL)
				return false;
		}
		strake_digest_update(digest, one != NULL ? one : "-", one != NULL ? 64 : 1);
	}
	strake_digest_hex(digest, hex);
	l->fingerprint = g_strdup(hex);
	return true;
}

static bool recall(Labels *l, GError **error)
{
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;

	l->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	l->added = g_string_new(NULL);
	if (l->store == NULL)
		return true;
	if (!fingerprint(l, error))
		return false;
	l->kept = strake_store_get_key(l->store, MEMO_KIND, l->fingerprint, NULL);
	if (l->kept == NULL)
		return true;
	text = g_strndup(g_bytes_get_data(l->kept, NULL), g_bytes_get_size(l->kept));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 3);

		if (g_strv_length(words) == 3)
			g_hash_table_insert(l->known, g_strconcat(words[0], " ", words[2], NULL),
				g_strdup(words[1]));
	}
	return true;
}

static bool look_up(Labels *l, const StrakeTreeEntry *e, char **out, GError **error)
{
	g_autofree char *path = g_strconcat("/", e->path, NULL);
	char *label = NULL;

	if (!open_contexts(l, error))
		return false;
	if (selabel_lookup_raw(l->handle, &label, path, (int)e->mode) == 0) {
		*out = g_strdup(label);
		freecon(label);
	} else if (errno == ENOENT) {
		*out = g_strdup("-");
	} else {
		return strake_error_errno(error, errno, "find the SELinux label of", path);
	}
	return true;
}

static bool label_entry(Labels *l, StrakeTreeEntry *e, GError **error)
{
	g_autofree char *key = g_strdup_printf("%o /%s", e->mode & S_IFMT, e->path);
	const char *known = g_hash_table_lookup(l->known, key);
	g_autofree char *found = NULL;

	g_clear_pointer(&e->label, g_free);
	if (known == NULL) {
		if (!look_up(l, e, &found, error))
			return false;
		if (strpbrk(e->path, "\n") == NULL)
			g_string_append_printf(
				l->added, "%o %s /%s\n", e->mode & S_IFMT, found, e->path);
		known = found;
	}
	if (strcmp(known, "-") == 0)
		l->unlabelled++;
	else
		e->label = g_strdup(known);
	return true;
}

static bool keep(Labels *l, GError **error)
{
	enum { MAX_BYTES = 8 << 20 }; // then it begins anew
	size_t size = l->kept != NULL ? g_bytes_get_size(l->kept) : 0;

	if (l->store == NULL || l->added->len == 0)
		return true;
	if (size > 0 && size + l->added->len < MAX_BYTES)
		g_string_prepend_len(l->added, g_bytes_get_data(l->kept, NULL), (gssize)size);
	return strake_store_put_key(
		l->store, MEMO_KIND, l->fingerprint, l->added->str, l->added->len, error);
}

bool strake_label_tree(StrakeTree *tree, const char *contexts, StrakeStore *store,
	unsigned *out_unlabelled, GError **error)
{
	g_auto(Labels) l = {.contexts = contexts, .store = store};

	// Contexts that cannot be read are an error also when every answer is known.
	if ((store == NULL && !open_contexts(&l, error)) || !recall(&l, error))
		return false;
	for (size_t i = 0; i < strake_tree_count(tree); i++)
		if (!label_entry(&l, strake_tree_entry(tree, i), error))
			return false;
	if (!keep(&l, error))
		return false;
	if (out_unlabelled != NULL)
		*out_unlabelled = l.unlabelled;
	return true;
}

char *strake_label_debugfs(const StrakeTree *tree, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (size_t i = 0; i < strake_tree_count(tree); i++) {
		const StrakeTreeEntry *e = strake_tree_entry(tree, i);

		if (e->label == NULL || e->link_to != NULL)
			continue;
		g_string_append(out, "ea_set \"/");
		for (const char *p = e->path; *p != '\0'; p++) {
			if ((unsigned char)*p < ' ') {
				strake_error_set(error, STRAKE_ERROR_INVALID,
					"'/%s': a control character in a file name cannot be "
					"labelled in an ext4 image; remove the file",
					e->path);
				return NULL;
			}
			if (*p == '"')
				g_string_append_c(out, '"');
			g_string_append_c(out, *p);
		}
		g_string_append_printf(out, "\" security.selinux \"%s\"\n", e->label);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
