// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Between macros and their expressions.
#pragma once

#include "format/specmacro.h"

/** strake_expression: evaluates @text, in which no macro is left. @out_text: the value as text,
 * free with g_free; NULL when it has none that we know. */
StrakeTruth strake_expression(const char *text, char **out_text);
