// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The variable store of OVMF firmware (OVMF_VARS*.fd): enough of it to enrol Secure Boot keys into
// a fresh one without booting anything. Format: UEFI Platform Initialization 1.7 vol. 3 (firmware
// volume header) and EDK2's authenticated variable store:
//
//     firmware volume header (72 bytes: ..., "_FVH" at 40, header length at 48)
//     store header (28 bytes: GUID, u32 size from here, u8 0x5a, u8 0xfe, ...)
//     variable*, each aligned to 4: u16 0x55aa, u8 state, u8 0, u32 attributes, u64 count,
//         EFI_TIME, u32 key index, u32 name bytes, u32 data bytes, GUID, name (UTF-16), data
//     0xff up to the end of the store
#pragma once

#include <glib.h>

/** A certificate that Secure Boot is to trust: as platform key, exchange key and signature key. */
typedef struct {
	const void *der; // X.509, DER
	size_t size;
} StrakeEfiCertificate;

/**
 * strake_efi_vars_enrol: a copy of @store with PK, KEK and db set to @certificate and Secure Boot
 * switched on. @store: the bytes of an OVMF_VARS file without these variables.
 * Errors: INVALID (not a variable store), EXISTS (keys are enrolled already), LIMIT (no room).
 */
GBytes *strake_efi_vars_enrol(GBytes *store, const StrakeEfiCertificate *certificate,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_efi_vars_names: names of the live variables in file order, NULL-terminated; free with
 * g_strfreev. Errors: INVALID. */
char **strake_efi_vars_names(GBytes *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
