// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Memory that is freed all at once: for trees that are built, read and dropped as a whole.
#pragma once

#include <glib.h>
#include <stddef.h>

typedef struct StrakeArena StrakeArena;

StrakeArena *strake_arena_new(void);
/** strake_arena_free: frees all of it, after the deferred calls (last one first). */
void strake_arena_free(StrakeArena *arena);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeArena, strake_arena_free)

/** strake_arena_alloc: @size zeroed bytes, aligned for any plain type; never NULL. */
void *strake_arena_alloc(StrakeArena *arena, size_t size) G_GNUC_MALLOC;
/** strake_arena_strndup: a copy of @size bytes with a NUL behind. */
char *strake_arena_strndup(StrakeArena *arena, const char *text, size_t size) G_GNUC_MALLOC;
char *strake_arena_strdup(StrakeArena *arena, const char *text) G_GNUC_MALLOC;
/** strake_arena_defer: calls @destroy(@data) when the arena is freed. */
void strake_arena_defer(StrakeArena *arena, void *data, GDestroyNotify destroy);
