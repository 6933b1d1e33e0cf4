// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Boots an image and looks whether it is what it promises to be.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *disk;         // raw image
	const char *work;         // existing scratch directory
	const char *repository;   // directory that holds x86_64/repodata, for dnf; NULL: skip dnf
	const char *package;      // installed by dnf and asked for a page; NULL: "nginx"
	GBytes *secure_boot;      // certificate in DER: boot with it enforced too; NULL: skip
	bool no_floors;           // show versions without judging them: of another release line
	bool once;                // one boot: nothing is installed, no reboot
	const char *console_copy; // path for the console log of the main boot, or NULL
	unsigned timeout_s;       // for one boot; 0: 600
} StrakeCheckOptions;

typedef struct {
	char *name;
	char *value;
	char *wanted; // NULL: for information
	bool ok;
} StrakeCheckRow;

/**
 * strake_check_run: boots, checks, installs, reboots, checks again.
 * Returns rows (StrakeCheckRow) also when checks fail; NULL when the machine cannot be started or
 * does not answer at all.
 */
GPtrArray *strake_check_run(
	const StrakeCheckOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_check_passed: every row is ok. */
bool strake_check_passed(const GPtrArray *rows);
/** strake_check_table: for a terminal; free with g_free. */
char *strake_check_table(const GPtrArray *rows);
/** strake_check_version: compares dotted numbers; what follows them ("-1", "~rc1") is ignored.
 * Returns <0, 0 or >0. */
int strake_check_version(const char *a, const char *b);
