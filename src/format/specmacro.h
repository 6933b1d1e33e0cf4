// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// As much of rpm's macro language as naming a spec's files takes: plain, conditional and lazily
// expanded macros, build conditions and expressions. No Lua, no shell, no arguments: what needs
// those stays as it is written and the result says so.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct StrakeMacros StrakeMacros;

StrakeMacros *strake_macros_new(void);
void strake_macros_free(StrakeMacros *macros);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeMacros, strake_macros_free)

/** strake_macros_define: @body is expanded when the macro is used. */
void strake_macros_define(StrakeMacros *macros, const char *name, const char *body);
/** strake_macros_define_unknown: the macro is defined, but nobody can say to what. */
void strake_macros_define_unknown(StrakeMacros *macros, const char *name);
void strake_macros_undefine(StrakeMacros *macros, const char *name);
bool strake_macros_is_defined(const StrakeMacros *macros, const char *name);

/**
 * strake_macros_expand: @size bytes of @text with macros replaced.
 * @out_complete: false when something stands there that we cannot expand; may be NULL
 * Free with g_free. Cannot fail; bounded for macros that refer to themselves.
 */
char *strake_macros_expand(
	const StrakeMacros *macros, const char *text, size_t size, bool *out_complete);

typedef enum { STRAKE_NO, STRAKE_YES, STRAKE_MAYBE } StrakeTruth;

/** strake_macros_test: what "%if @text" decides; MAYBE when we cannot tell. */
StrakeTruth strake_macros_test(const StrakeMacros *macros, const char *text, size_t size);
