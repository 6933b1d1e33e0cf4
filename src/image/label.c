// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// libselinux answers "which label has this path"; nothing here talks to the running kernel.
#include "image/label.h"

#include <errno.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <string.h>

#include "base/error.h"

static int drop_message(int type, const char *format, ...)
{
	(void)type;
	(void)format;
	return 0;
}

bool strake_label_tree(
	StrakeTree *tree, const char *contexts, unsigned *out_unlabelled, GError **error)
{
	struct selinux_opt options[] = {
		{SELABEL_OPT_PATH, contexts}
        };
	union selinux_callback callback = {.func_log = drop_message};
	struct selabel_handle *handle;
	unsigned unlabelled = 0;
	bool ok = true;

	selinux_set_callback(SELINUX_CB_LOG, callback);
	handle = selabel_open(SELABEL_CTX_FILE, options, G_N_ELEMENTS(options));
	if (handle == NULL)
		return strake_error_errno(error, errno, "read SELinux file contexts", contexts);
	for (size_t i = 0; i < strake_tree_count(tree) && ok; i++) {
		StrakeTreeEntry *e = strake_tree_entry(tree, i);
		g_autofree char *path = g_strconcat("/", e->path, NULL);
		char *label = NULL;

		g_clear_pointer(&e->label, g_free);
		if (selabel_lookup_raw(handle, &label, path, (int)e->mode) == 0) {
			e->label = g_strdup(label);
			freecon(label);
		} else if (errno == ENOENT) {
			unlabelled++;
		} else {
			ok = strake_error_errno(error, errno, "find the SELinux label of", path);
		}
	}
	selabel_close(handle);
	if (ok && out_unlabelled != NULL)
		*out_unlabelled = unlabelled;
	return ok;
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
