// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Error helpers: texts only, nothing is printed here.
#include "base/error.h"

#include <errno.h>

G_DEFINE_QUARK(strake - error - quark, strake_error)

static StrakeErrorCode code_of_errno(int err)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
		return STRAKE_ERROR_NO_SPACE;
	case ENOENT:
		return STRAKE_ERROR_NOT_FOUND;
	case EEXIST:
		return STRAKE_ERROR_EXISTS;
	default:
		return STRAKE_ERROR_FAILED;
	}
}

bool strake_error_errno(GError **error, int err, const char *verb, const char *name)
{
	g_set_error(error, STRAKE_ERROR, code_of_errno(err), "%s '%s': %s", verb, name,
		g_strerror(err));
	return false;
}

bool strake_error_set(GError **error, StrakeErrorCode code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error != NULL)
		*error = g_error_new_valist(STRAKE_ERROR, code, format, args);
	va_end(args);
	return false;
}

bool strake_error_at(GError **error, StrakeErrorCode code, StrakeOrigin at, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) where = g_string_new(NULL);
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	if (at.file != NULL)
		g_string_append_printf(where, "%s:", at.file);
	if (at.line > 0)
		g_string_append_printf(where, "%u:", at.line);
	if (at.line > 0 && at.column > 0)
		g_string_append_printf(where, "%u:", at.column);
	g_set_error(
		error, STRAKE_ERROR, code, "%s%s%s", where->str, where->len > 0 ? " " : "", text);
	return false;
}
