// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Who answers to a name: components that overlays rename or let provide more, and packages that
// the project builds itself from local specs.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/project.h"

typedef struct StrakeDebNames StrakeDebNames;

/** strake_deb_names_new: reads every component once. Errors: those of strake_project_resolve and
 * of reading local specs. */
StrakeDebNames *strake_deb_names_new(
	const StrakeProject *project, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_names_free(StrakeDebNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebNames, strake_deb_names_free)

/** strake_deb_names_renamed: components (char *, sorted) that package-rename calls @name; borrowed;
 * NULL: none. */
const GPtrArray *strake_deb_names_renamed(const StrakeDebNames *names, const char *name);
/** strake_deb_names_provided: those that an overlay lets provide @name. */
const GPtrArray *strake_deb_names_provided(const StrakeDebNames *names, const char *name);
/** strake_deb_names_new_name: what package-rename calls @component; borrowed; NULL: its own. */
const char *strake_deb_names_new_name(const StrakeDebNames *names, const char *component);
/** strake_deb_names_is_local: whether a package of ours is called @name or provides it. Components
 * that are built from source do not count: building them needs upstream's own. */
bool strake_deb_names_is_local(const StrakeDebNames *names, const char *name);
/** strake_deb_names_is_built: the same of components that are built from source. Of one whose spec is
 * upstream's, and so not known before it is rendered, NAME and NAME-... are taken for its packages. */
bool strake_deb_names_is_built(const StrakeDebNames *names, const char *name);
/** strake_deb_names_local_requires: what the local package @name requires (char *); borrowed;
 * NULL: nothing or no such package. */
const GPtrArray *strake_deb_names_local_requires(const StrakeDebNames *names, const char *name);
/** strake_deb_names_local: names of local packages and what they provide, sorted; free with
 * g_strfreev. */
char **strake_deb_names_local(const StrakeDebNames *names);
/** strake_deb_names_local_text: the local packages as a repository in libsolv's testcase text, for
 * a solver: names, what they provide and require. "" without any. Free with g_free. */
char *strake_deb_names_local_text(const StrakeDebNames *names);
