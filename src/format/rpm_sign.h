// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// An OpenPGP signature put into a package's signature header. The signature is made elsewhere,
// over strake_rpm_signed_part; nothing here knows keys.
#pragma once

#include "format/rpm_read.h"

/** strake_rpm_signed_part: the bytes that a header signature covers: the main header with its
 * magic, which holds the payload's digest. */
GBytes *strake_rpm_signed_part(const StrakeRpm *rpm);

/**
 * strake_rpm_signature_set: the signature header of @rpm as a new one that holds @signature, an
 * OpenPGP v4 RSA signature packet, and no other OpenPGP signature; padded to 8 bytes, so that it
 * fits between the lead (96 bytes) and the main header.
 */
GBytes *strake_rpm_signature_set(const StrakeRpm *rpm, GBytes *signature);
