// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Takes the Secure Boot signature off a disk's boot program, to show that firmware refuses it.
#pragma once

#include <glib.h>
#include <stdbool.h>

/** strake_tamper_unsign: copies the raw disk @from to @to, then clears the certificate table entry
 * of every signed UEFI program in its EFI partition. Errors: NOT_FOUND when there is none. */
bool strake_tamper_unsign(
	const char *from, const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT;
