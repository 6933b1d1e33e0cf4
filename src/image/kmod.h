// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The kernel modules of a root tree, as depmod(8) has listed them: which files a module needs, and
// which devices need a module.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct StrakeKmod StrakeKmod;

/** strake_kmod_version: the one kernel version below /usr/lib/modules; free with g_free.
 * Errors: NOT_FOUND (none), INVALID (several: all are named). */
char *strake_kmod_version(int root_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_kmod_open: reads modules.dep, modules.alias and modules.builtin of @version. */
StrakeKmod *strake_kmod_open(
	int root_fd, const char *version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_kmod_parse: the same from the three texts; no module can be read from it. */
StrakeKmod *strake_kmod_parse(const char *dep, const char *alias, const char *builtin);
void strake_kmod_free(StrakeKmod *kmod);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeKmod, strake_kmod_free)

/** strake_kmod_is_builtin: the kernel itself holds @name. */
bool strake_kmod_is_builtin(const StrakeKmod *kmod, const char *name);
/** strake_kmod_has: a module file of that name ("virtio_blk"; '-' counts as '_'). */
bool strake_kmod_has(const StrakeKmod *kmod, const char *name);
/** strake_kmod_path: its file below /usr/lib/modules/VERSION; borrowed, NULL when missing. */
const char *strake_kmod_path(const StrakeKmod *kmod, const char *name);
/** strake_kmod_needs: names of what it needs directly or not, NULL-terminated; borrowed. */
char **strake_kmod_needs(const StrakeKmod *kmod, const char *name);
/** strake_kmod_aliases: device patterns, in the order of the file; free with g_ptr_array_unref. */
GPtrArray *strake_kmod_aliases(const StrakeKmod *kmod, const char *name);

/** strake_kmod_read: content of the module's file, decompressed (.xz, .zst or plain). */
GBytes *strake_kmod_read(
	const StrakeKmod *kmod, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_kmod_unpack: the module in @packed, a .ko.xz, .ko.zst or .ko.gz file. Errors: INVALID. */
GBytes *strake_kmod_unpack(GBytes *packed, const char *name, GError **error);
