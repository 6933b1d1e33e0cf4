// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A unified kernel image: systemd's boot stub with kernel, initial RAM disk, command line and
// os-release as sections, signed for Secure Boot.
// Format: UAPI group "Unified Kernel Image (UKI)".
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	GBytes *stub;       // linuxx64.efi.stub
	GBytes *kernel;     // vmlinuz
	GBytes *initrd;     // as the kernel takes it
	GBytes *os_release; // may be NULL
	const char *cmdline;
	const char *uname; // kernel version, may be NULL
} StrakeUki;

/** strake_uki_build: not signed. Errors: INVALID when the stub or the kernel is none. */
GBytes *strake_uki_build(const StrakeUki *uki, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_uki_sign: signs any UEFI program. @key, @certificate: PEM.
 * Errors: INVALID (not PEM, key and certificate do not fit, not RSA), as strake_pe_digest. */
GBytes *strake_uki_sign(GBytes *program, const char *name, GBytes *key, GBytes *certificate,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
