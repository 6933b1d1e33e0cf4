// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Names and lifetime of overlays.
#include "project/overlay_def.h"

#include <string.h>

static const char *const type_names[STRAKE_OVERLAY_N_TYPES] = {
	[STRAKE_OVERLAY_SPEC_ADD_TAG] = "spec-add-tag",
	[STRAKE_OVERLAY_SPEC_INSERT_TAG] = "spec-insert-tag",
	[STRAKE_OVERLAY_SPEC_UPDATE_TAG] = "spec-update-tag",
	[STRAKE_OVERLAY_SPEC_SET_TAG] = "spec-set-tag",
	[STRAKE_OVERLAY_SPEC_REMOVE_TAG] = "spec-remove-tag",
	[STRAKE_OVERLAY_SPEC_PREPEND_LINES] = "spec-prepend-lines",
	[STRAKE_OVERLAY_SPEC_APPEND_LINES] = "spec-append-lines",
	[STRAKE_OVERLAY_SPEC_SEARCH_REPLACE] = "spec-search-replace",
	[STRAKE_OVERLAY_SPEC_REMOVE_SECTION] = "spec-remove-section",
	[STRAKE_OVERLAY_SPEC_REMOVE_SUBPACKAGE] = "spec-remove-subpackage",
	[STRAKE_OVERLAY_SPEC_SET_MACRO] = "spec-set-macro",
	[STRAKE_OVERLAY_SPEC_REMOVE_MACRO] = "spec-remove-macro",
	[STRAKE_OVERLAY_PATCH_ADD] = "patch-add",
	[STRAKE_OVERLAY_PATCH_REMOVE] = "patch-remove",
	[STRAKE_OVERLAY_FILE_PREPEND_LINES] = "file-prepend-lines",
	[STRAKE_OVERLAY_FILE_SEARCH_REPLACE] = "file-search-replace",
	[STRAKE_OVERLAY_FILE_ADD] = "file-add",
	[STRAKE_OVERLAY_FILE_REMOVE] = "file-remove",
	[STRAKE_OVERLAY_FILE_RENAME] = "file-rename",
	[STRAKE_OVERLAY_PACKAGE_RENAME] = "package-rename",
	[STRAKE_OVERLAY_PACKAGE_FILE_REMOVE] = "package-file-remove",
	[STRAKE_OVERLAY_PACKAGE_FILE_ADD] = "package-file-add",
	[STRAKE_OVERLAY_PACKAGE_FILE_MOVE] = "package-file-move",
	[STRAKE_OVERLAY_PACKAGE_SET_ATTR] = "package-set-attr",
	[STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY] = "package-add-dependency",
	[STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY] = "package-remove-dependency",
	[STRAKE_OVERLAY_PACKAGE_ADD_USER] = "package-add-user",
	[STRAKE_OVERLAY_PACKAGE_ADD_TMPFILES] = "package-add-tmpfiles",
	[STRAKE_OVERLAY_PACKAGE_ENABLE_UNIT] = "package-enable-unit",
	[STRAKE_OVERLAY_PACKAGE_ALTERNATIVE] = "package-alternative",
	[STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT] = "package-note-script",
};

const char *strake_overlay_type_name(StrakeOverlayType type)
{
	g_return_val_if_fail(type >= 0 && type < STRAKE_OVERLAY_N_TYPES, "?");
	return type_names[type];
}

StrakeOverlayType strake_overlay_type_from_name(const char *name)
{
	for (int i = 0; i < STRAKE_OVERLAY_N_TYPES; i++)
		if (strcmp(type_names[i], name) == 0)
			return (StrakeOverlayType)i;
	return STRAKE_OVERLAY_INVALID;
}

void strake_overlay_free(StrakeOverlay *o)
{
	if (o == NULL)
		return;
	char *const owned[] = {o->description, o->tag, o->value, o->section, o->package, o->regex,
		o->replacement, o->before, o->after, o->name, o->file, o->source, o->archive,
		o->kind, o->state, o->target, o->owner, o->group, o->capability, o->script,
		o->sha256};
	for (size_t i = 0; i < G_N_ELEMENTS(owned); i++)
		g_free(owned[i]);
	g_strfreev(o->lines);
	g_free(o);
}
