// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the users of librpm in this layer share: configuration that does not depend on the host,
// its messages caught, keys, and package opening.
#pragma once

#include <glib.h>
#include <rpm/rpmts.h>
#include <stdbool.h>
#include <stdint.h>

#define STRAKE_RPM_DATABASE "/var/lib/rpm"

/** strake_rpm_setup: once per process; later calls only set the macros again. Not thread-safe. */
bool strake_rpm_setup(const char *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpm_take_log: librpm's warnings and errors since the last call, joined by "; ", or
 * NULL; free with g_free. */
char *strake_rpm_take_log(void);

/** strake_rpm_keyring: a transaction set that trusts the keys in @public_key (armored blocks;
 * NULL: nothing is checked) and no other. Free with rpmtsFree. */
rpmts strake_rpm_ts_new(const char *root, const char *public_key, int64_t time_s, GError **error);

/** strake_rpm_read_header: header of a package file, its signature checked when @ts has a key.
 * @label: for messages, as of strake_package_verify; NULL: the path. Free with headerFree. Errors:
 * INTEGRITY, NOT_FOUND, INVALID. */
Header strake_rpm_read_header(
	rpmts ts, const char *path, const char *label, bool must_be_signed, GError **error);

/** Changes a header of the database in its own memory; returns whether it did. */
typedef bool (*StrakeRpmChange)(Header header, void *data);

/** strake_rpm_change: record @number of the database, which is opened for writing. Not while
 * another iterator walks: a record that is replaced would end its walk. */
void strake_rpm_change(rpmts ts, unsigned number, StrakeRpmChange change, void *data);

/** strake_rpm_tidy_database: removes what sqlite and librpm leave beside a closed database. */
bool strake_rpm_tidy_database(
	const char *root, const char *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;
