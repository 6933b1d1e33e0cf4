// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Words of messages.
#pragma once

#include <stddef.h>

/** strake_s: what a noun of @count things ends in: "s", or "" for one. */
static inline const char *strake_s(size_t count)
{
	return count == 1 ? "" : "s";
}
