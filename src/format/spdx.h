// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A software bill of materials for one image. Text only, a function of its arguments.
// Format: SPDX 2.3, JSON serialisation (spdx.github.io, clauses 6, 7 and 11); package URLs by the
// purl specification, type rpm.
#pragma once

#include <glib.h>
#include <stdint.h>

/** One package of the image. Strings are borrowed; NULL where unknown. */
typedef struct {
	const char *name;
	const char *epoch; // NULL or "0": none
	const char *version;
	const char *release;
	const char *architecture;
	const char *license; // SPDX expression, or free text, which is kept as a comment
	const char *summary;
	const char *sha256;   // of the RPM file
	const char *upstream; // "deb forky openssh-server 1:10.2p1-3": where it was taken from
} StrakeSpdxPackage;

typedef struct {
	const char *name;    // image name: "vm-base"
	const char *version; // release of the distribution
	const char *sha256;  // digest that names this build; makes the document's namespace unique
	int64_t created_s;   // source date
	const char *tool;    // "strake-0.1.0"
} StrakeSpdxDocument;

/** strake_spdx_format: @packages: of StrakeSpdxPackage, in the order wanted. Free with g_free. */
char *strake_spdx_format(
	const StrakeSpdxDocument *document, const StrakeSpdxPackage *packages, size_t n_packages);
/** strake_spdx_is_license: true when @text can stand as an SPDX licence expression. */
gboolean strake_spdx_is_license(const char *text);
/** strake_spdx_purl: "pkg:rpm/strake/NAME@VERSION-RELEASE?arch=...". Free with g_free. */
char *strake_spdx_purl(const StrakeSpdxPackage *package);
