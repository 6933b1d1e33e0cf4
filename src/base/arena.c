// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A bump allocator over blocks that double up to a limit. Not thread-safe.
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK_FIRST = 512, BLOCK_LIMIT = 64 * 1024 };

typedef struct Block {
	struct Block *next;
	alignas(max_align_t) char data[];
} Block;

typedef struct Deferred {
	struct Deferred *next;
	void *data;
	GDestroyNotify destroy;
} Deferred;

struct StrakeArena {
	Block *blocks; // the newest first
	size_t used;
	size_t size; // of the newest
	size_t next_size;
	Deferred *deferred;
};

StrakeArena *strake_arena_new(void)
{
	StrakeArena *arena = g_new0(StrakeArena, 1);

	arena->next_size = BLOCK_FIRST;
	return arena;
}

void strake_arena_free(StrakeArena *arena)
{
	Block *next;

	if (arena == NULL)
		return;
	for (Deferred *d = arena->deferred; d != NULL; d = d->next)
		d->destroy(d->data);
	for (Block *block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		g_free(block);
	}
	g_free(arena);
}

static void add_block(StrakeArena *arena, size_t at_least)
{
	size_t size = MAX(arena->next_size, at_least);
	Block *block = g_malloc(sizeof(Block) + size);

	block->next = arena->blocks;
	arena->blocks = block;
	arena->size = size;
	arena->used = 0;
	arena->next_size = MIN(arena->next_size * 2, (size_t)BLOCK_LIMIT);
}

static void *take(StrakeArena *arena, size_t size, size_t align)
{
	size_t at = (arena->used + align - 1) & ~(align - 1);

	if (arena->blocks == NULL || at > arena->size || size > arena->size - at) {
		add_block(arena, size);
		at = 0;
	}
	arena->used = at + size;
	return arena->blocks->data + at;
}

void *strake_arena_alloc(StrakeArena *arena, size_t size)
{
	return memset(take(arena, size, alignof(max_align_t)), 0, size);
}

char *strake_arena_strndup(StrakeArena *arena, const char *text, size_t size)
{
	char *copy = take(arena, size + 1, 1);

	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

char *strake_arena_strdup(StrakeArena *arena, const char *text)
{
	return strake_arena_strndup(arena, text, strlen(text));
}

void strake_arena_defer(StrakeArena *arena, void *data, GDestroyNotify destroy)
{
	Deferred *d = strake_arena_alloc(arena, sizeof(*d));

	*d = (Deferred){.next = arena->deferred, .data = data, .destroy = destroy};
	arena->deferred = d;
}
