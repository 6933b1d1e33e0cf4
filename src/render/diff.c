// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the definitions change in a component's files, by libgit2's diff.
#include "render/diff.h"

#include <git2.h>
#include <string.h>

#include "base/error.h"
#include "render/spec_tree.h"
#include "upstream/git.h"

static bool append_patch(GString *out, const char *path, GBytes *old, GBytes *new, GError **error)
{
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	git_patch *patch = NULL;
	git_buf text = {0};
	size_t old_size = 0;
	size_t new_size = 0;
	const void *a = old != NULL ? g_bytes_get_data(old, &old_size) : NULL;
	const void *b = new != NULL ? g_bytes_get_data(new, &new_size) : NULL;
	bool ok;

	options.id_abbrev = 7;
	// An empty file is not an absent one, which a NULL would say.
	ok = git_patch_from_buffers(&patch, old != NULL && a == NULL ? "" : a, old_size, path,
		     new != NULL &&b == NULL ? "" : b, new_size, path, &options) == 0 &&
	     git_patch_to_buf(&text, patch) == 0;
	if (ok)
		g_string_append_len(out, text.ptr, (gssize)text.size);
	else
		strake_error_set(error, STRAKE_ERROR_FAILED, "compare '%s' with upstream's", path);
	git_buf_dispose(&text);
	git_patch_free(patch);
	return ok;
}

char *strake_diff_sources(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	static const StrakeSpecTreeOptions options = {.keep_all = true};
	g_autoptr(StrakeFileTree) old = strake_spec_tree_upstream(ws, pick, error);
	g_autoptr(StrakeFileTree) new = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	const GPtrArray *a, *b;
	guint i = 0;
	guint j = 0;

	if (old == NULL)
		return NULL;
	new = strake_spec_tree_render(ws, pick, &options, error);
	if (new == NULL)
		return NULL;
	strake_git_start();
	a = strake_file_tree_files(old);
	b = strake_file_tree_files(new);
	while (i < a->len || j < b->len) {
		const StrakeFileTreeEntry *x = i < a->len ? a->pdata[i] : NULL;
		const StrakeFileTreeEntry *y = j < b->len ? b->pdata[j] : NULL;
		int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x->path, y->path);
		i += order <= 0;
		j += order >= 0;
		if (order == 0 && g_bytes_equal(x->content, y->content))
			continue;
		if (!append_patch(out, order <= 0 ? x->path : y->path,
			    order <= 0 ? x->content : NULL, order >= 0 ? y->content : NULL, error))
			return NULL;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
