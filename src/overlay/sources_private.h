// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A component's source files as sources*.c see them: the list (sources.c), what is on disk
// (sources_disk.c), new content (sources_stage.c) and how it gets into place (sources_commit.c).
#pragma once

#include "overlay/sources.h"

#define STRAKE_STAGE_PREFIX ".strake-stage-"

typedef struct {
	bool regular;
	mode_t mode;   // S_IFLNK in memory: @bytes are a link's target
	char *disk;    // where its content is on disk now, NULL: it is new, or all is in memory
	GBytes *bytes; // new content, NULL: that of @disk or @staged
	char *staged;  // name of its new content among the staged files
} StrakeSourceNode;

struct StrakeSources {
	char *dir;           // for messages
	int fd;              // -1: all in memory
	GHashTable *nodes;   // path: StrakeSourceNode
	GHashTable *removed; // paths on disk that no node stands for any more

	int stage_parent; // directory that holds @stage; -1: none yet
	char *stage;      // name of the staging directory, NULL: none yet
	int stage_fd;
	unsigned n_staged;
	GArray *anonymous; // in memory: descriptors (int) of the staged files, by number
};

StrakeSourceNode *strake_sources_lookup(const StrakeSources *s, const char *path);

/** strake_sources_open_parent: the directory of @path, reached without following any link;
 * @out_name points into @path. */
bool strake_sources_open_parent(const StrakeSources *s, const char *path, int *out_fd,
	const char **out_name, GError **error);
/** strake_sources_open_disk: regular file @disk as it is there now. */
bool strake_sources_open_disk(
	const StrakeSources *s, const char *disk, int *out_fd, GError **error);

/** strake_sources_read_staged: content of a staged file. */
GBytes *strake_sources_read_staged(StrakeSources *s, const char *staged, GError **error);
/** strake_sources_anonymous: a file without a name that holds @bytes (NULL: nothing), at its
 * start. */
bool strake_sources_anonymous(GBytes *bytes, int *out_fd, GError **error);
/** strake_sources_need_stage: makes the staging directory if there is none yet. */
bool strake_sources_need_stage(StrakeSources *s, GError **error);
/** strake_sources_drop_stage: what was staged, and the directory. */
void strake_sources_drop_stage(StrakeSources *s);
