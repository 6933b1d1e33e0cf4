// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What reading and writing lock files agree on.
#pragma once

#include "project/lock_file.h"

enum { STRAKE_LOCK_VERSION = 1 };
#define STRAKE_LOCK_WRITTEN "# Written by strake component update; not for editing.\n"
