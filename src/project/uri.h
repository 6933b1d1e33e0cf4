// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Addresses of distros with their placeholders filled in.
#pragma once

#include "project/distro_def.h"

/** Values of the placeholders; NULL: stays as it is written. */
typedef struct {
	const char *pkg;
	const char *filename;
	const char *hashtype; // "sha512"
	const char *hash;
	const char *releasever;
	const char *basearch;
} StrakeUriValues;

/**
 * strake_uri_expand: @text with $pkg, $filename, $hashtype, $hash, $releasever and $basearch
 * replaced by their URL-escaped values (libxml++ becomes libxml%2B%2B). The longest placeholder
 * that fits is taken; a "$" before anything else stays. Free with g_free.
 */
char *strake_uri_expand(const char *text, const StrakeUriValues *values);
