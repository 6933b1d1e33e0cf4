// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Levenshtein distance over bytes, for short words.
#include "base/nearest.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 64 };

static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned replace = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = MIN(replace, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_length];
}

const char *strake_nearest(const char *asked, const char *const *words)
{
	const char *best = NULL;
	unsigned best_distance = MAX(2u, (unsigned)strlen(asked) / 3) + 1;

	if (strlen(asked) > WORD_MAX)
		return NULL;
	for (const char *const *word = words; *word != NULL; word++) {
		unsigned d = strlen(*word) <= WORD_MAX ? distance(asked, *word) : G_MAXUINT;
		if (d < best_distance) {
			best = *word;
			best_distance = d;
		}
	}
	return best;
}
