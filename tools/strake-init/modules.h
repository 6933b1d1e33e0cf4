// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Loads the kernel modules in the initial RAM disk that fit the devices of this machine.
// Format of /modules, written by src/image/initrd.c, one record a line:
//     m FILE DEP...     module number 0, 1, ...; DEP are numbers of earlier lines
//     a PATTERN NUMBER  a device whose modalias fits PATTERN needs module NUMBER
//     f NAME NUMBER     mounting file system NAME needs module NUMBER
#pragma once

#include "sys.h"

enum { MODULES_MAX = 128, ALIASES_MAX = 4096 };

/** modules_load_table: reads /modules; 0, or -errno (a missing file means no modules). */
StrakeErrno modules_load_table(void);
/** modules_probe: loads what the devices that exist now ask for; returns how many were new. */
unsigned modules_probe(void);
/** modules_load_filesystem: loads the module of file system @name, if it has one. */
void modules_load_filesystem(const char *name);
