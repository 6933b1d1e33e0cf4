// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The bytes of strake-init, embedded at build time.
#pragma once

#include <stddef.h>

extern const char strake_init_program[];
extern const size_t strake_init_program_size;
