// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// SELinux labels from the image's own file_contexts. They go into the file system image directly:
// an ordinary user, and root in a user name space, may not set them on files of the host.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/tree.h"
#include "store/store.h"

/**
 * strake_label_tree: sets the label of every entry.
 * @contexts: path of file_contexts (its .homedirs and .subs files lie beside it)
 * @store: where answers are kept for the next time, or NULL
 * @out_unlabelled: how many paths the policy leaves without label ("<<none>>"); may be NULL
 */
bool strake_label_tree(StrakeTree *tree, const char *contexts, StrakeStore *store,
	unsigned *out_unlabelled, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_label_debugfs: commands for debugfs(8) that set the labels in an ext4 image of @tree.
 * Errors: INVALID for a path that debugfs cannot be told (control characters). */
char *strake_label_debugfs(const StrakeTree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
