// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Packages that were unpacked before, so that an image that shares them is installed without
// reading their payloads again. A layer holds the contents of a package's regular files:
//
//     LAYERS/KEY[-slim]/NUMBER   mode and time as the package has them, owner root
//
// KEY is the SHA-256 of the signed package header, which holds the digest of every file; NUMBER is
// the file's place in it. "slim" layers lack documentation and translations. A tree gets hard links
// to the contents that nobody changes (root's files below /usr, without special bits, capabilities
// or a part in the configuration), and copies of the others. Before a content is used its size,
// mode and time are compared with the header, so that a layer that was damaged, or that something
// in a tree has written to, is found and made anew.
#pragma once

#include <glib.h>
#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmts.h>
#include <stdbool.h>

/** Which files of a package are not for the tree. */
typedef struct {
	bool no_docs;
	const char *const *languages; // NULL: all; else those of which translations are wanted
	GHashTable *excluded;         // set of absolute paths
} StrakeLayerSkip;

// What of a header is read about files: with their languages.
#define STRAKE_LAYER_FILES (RPMFI_FLAGS_QUERY & ~RPMFI_NOFILELANGS)

/** strake_layer_note_skipped: sets the states of such files of @package in its @header of the
 * database, in that header's own memory, as librpm does when it leaves them out itself. Returns
 * whether there are any. */
bool strake_layer_note_skipped(const StrakeLayerSkip *skip, Header package, Header header);

/** strake_layer_key: of a package's header; free with g_free. */
char *strake_layer_key(Header header, bool slim);

/** strake_layer_ready: whether the layer @key is there and whole. */
bool strake_layer_ready(int layers_fd, const char *key, Header header, bool slim);

/** strake_layer_make: unpacks package @path into the layer @key, which replaces one that is there.
 * Every file is compared with its digest. Errors: INTEGRITY, NO_SPACE. */
bool strake_layer_make(rpmts ts, const char *path, int layers_fd, const char *key, bool slim,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_layer_place: puts a package into the tree @root_fd. */
bool strake_layer_place(int layers_fd, const char *key, Header header, const StrakeLayerSkip *skip,
	int root_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_layer_expire: removes layers that nothing has used for a month. */
void strake_layer_expire(int layers_fd);
