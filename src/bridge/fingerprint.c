// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What a conversion's bytes depend on, as one SHA-256: the .deb, every word of the overlays, the
// files they copy, the project's renames, the bridge's own version.
#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "bridge/conversion.h"
#include "bridge/version.h"

/** Raised whenever the code makes other bytes of the same input. */
enum { CODE_REVISION = 12 };

static void feed(StrakeDigest *digest, const char *key, const char *value)
{
	strake_digest_update(digest, key, strlen(key) + 1);
	if (value != NULL)
		strake_digest_update(digest, value, strlen(value));
	strake_digest_update(digest, "", 1);
}

static void feed_number(StrakeDigest *digest, const char *key, int64_t value)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

	feed(digest, key, text);
}

static bool feed_source(StrakeDigest *digest, const char *path, GError **error)
{
	g_auto(strake_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
	g_autofree char *hex = NULL;

	if (fd < 0)
		return strake_error_errno(error, errno, "open", path);
	hex = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, path, error);
	if (hex == NULL)
		return false;
	feed(digest, "source", hex);
	return true;
}

static bool feed_overlay(StrakeDigest *digest, const StrakeOverlay *o, GError **error)
{
	const struct {
		const char *key, *value;
	} fields[] = {
		{"type", strake_overlay_type_name(o->type)},
		{"description", o->description},
		{"value", o->value},
		{"file", o->file},
		{"replacement", o->replacement},
		{"kind", o->kind},
		{"state", o->state},
		{"target", o->target},
		{"owner", o->owner},
		{"group", o->group},
		{"capability", o->capability},
		{"script", o->script},
		{"sha256", o->sha256},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		if (fields[i].value != NULL)
			feed(digest, fields[i].key, fields[i].value);
	feed_number(digest, "mode", o->mode);
	feed_number(digest, "config", o->config);
	for (char **line = o->lines; line != NULL && *line != NULL; line++)
		feed(digest, "line", *line);
	return o->type != STRAKE_OVERLAY_PACKAGE_FILE_ADD || o->source == NULL ||
	       feed_source(digest, o->source, error);
}

char *strake_bridge_fingerprint(const char *deb_sha256, const char *name,
	const StrakeComponent *component, const char *renames_sha256, int level, bool following,
	GError **error)
{
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	char hex[STRAKE_DIGEST_HEX_MAX];

	feed_number(digest, "code", CODE_REVISION);
	feed_number(digest, "revision", STRAKE_BRIDGE_REVISION);
	feed(digest, "version", STRAKE_VERSION);
	feed(digest, "deb", deb_sha256);
	feed(digest, "name", name);
	feed(digest, "renames", renames_sha256);
	feed_number(digest, "level", level);
	feed_number(digest, "following", following);
	feed_number(digest, "allow", component != NULL && component->allow_unhandled);
	feed(digest, "reason", component != NULL ? component->allow_reason : NULL);
	for (guint i = 0; component != NULL && i < component->overlays->len; i++) {
		const StrakeOverlay *overlay = component->overlays->pdata[i];

		if (overlay->type >= STRAKE_OVERLAY_PACKAGE_RENAME &&
			!feed_overlay(digest, overlay, error))
			return NULL;
	}
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}
