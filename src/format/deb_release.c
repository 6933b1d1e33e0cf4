// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release files.
#include "format/deb_release.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"
#include "format/deb_control.h"

enum { FILES_MAX = 100000 };

void strake_deb_release_free(StrakeDebRelease *release)
{
	if (release == NULL)
		return;
	g_free(release->suite);
	g_free(release->codename);
	g_free(release->date);
	g_free(release->valid_until);
	g_clear_pointer(&release->files, g_hash_table_unref);
	g_free(release);
}

const StrakeDebReleaseFile *strake_deb_release_file(
	const StrakeDebRelease *release, const char *path)
{
	return g_hash_table_lookup(release->files, path);
}

static int month_number(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (strncmp(name, names + 3 * i, 3) == 0 && name[3] == '\0')
			return i + 1;
	return 0;
}

static bool number(const char *text, int min, int max, int *out)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, (guint64)min, (guint64)max, &value, NULL))
		return false;
	*out = (int)value;
	return true;
}

bool strake_deb_date_parse(const char *text, int64_t *out_seconds)
{
	static const char *const zones[] = {"UTC", "GMT", "Z", "+0000"};
	g_auto(GStrv) words = g_strsplit_set(text, " :", -1);
	g_autoptr(GDateTime) time = NULL;
	int day, year, hour, minute, second;
	bool utc = false;

	if (g_strv_length(words) != 8 || !g_str_has_suffix(words[0], ",") ||
		!number(words[1], 1, 31, &day) || month_number(words[2]) == 0 ||
		!number(words[3], 1970, 9998, &year) || !number(words[4], 0, 23, &hour) ||
		!number(words[5], 0, 59, &minute) || !number(words[6], 0, 60, &second))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(zones); i++)
		utc = utc || strcmp(words[7], zones[i]) == 0;
	if (!utc)
		return false;
	time = g_date_time_new_utc(
		year, month_number(words[2]), day, hour, minute, MIN(second, 59));
	if (time == NULL)
		return false;
	*out_seconds = g_date_time_to_unix(time);
	return true;
}

static bool take_date(const StrakeDebStanza *stanza, const char *field, char **out, int64_t *out_s,
	GError **error)
{
	*out = strake_deb_stanza_dup(stanza, field);
	if (*out == NULL || strake_deb_date_parse(*out, out_s))
		return true;
	return strake_error_at(error, STRAKE_ERROR_INVALID, strake_deb_stanza_origin(stanza, field),
		"'%s' is not a date like 'Fri, 30 Oct 2026 08:08:01 UTC'", *out);
}

// " digest size path"
static bool take_file(StrakeDebRelease *release, char *line, StrakeOrigin at, GError **error)
{
	g_autofree StrakeDebReleaseFile *file = g_new0(StrakeDebReleaseFile, 1);
	g_auto(GStrv) words = NULL;
	char *parts[3] = {NULL, NULL, NULL};
	guint64 size = 0;
	int n = 0;

	words = g_strsplit_set(line, " \t\r", -1);
	for (char **word = words; *word != NULL; word++) {
		if (**word == '\0')
			continue;
		if (n == 3)
			return strake_error_at(error, STRAKE_ERROR_INVALID, at,
				"more than digest, size and path on one line");
		parts[n++] = *word;
	}
	if (n == 0)
		return true;
	if (n < 3 || !strake_digest_is_hex(STRAKE_DIGEST_SHA256, parts[0]) ||
		!g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXINT64, &size, NULL) ||
		!strake_path_is_clean(parts[2]))
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"found '%s' where a SHA-256, a size and a path are expected", line);
	if (g_hash_table_size(release->files) == FILES_MAX)
		return strake_error_at(
			error, STRAKE_ERROR_LIMIT, at, "more than %d files", FILES_MAX);
	g_strlcpy(file->sha256, parts[0], sizeof(file->sha256));
	file->size = size;
	g_hash_table_insert(release->files, g_strdup(parts[2]), g_steal_pointer(&file));
	return true;
}

static bool take_files(StrakeDebRelease *release, const StrakeDebStanza *stanza, GError **error)
{
	g_autofree char *value = strake_deb_stanza_need(stanza, "SHA256", error);
	StrakeOrigin at = strake_deb_stanza_origin(stanza, "SHA256");
	g_auto(GStrv) lines = NULL;

	if (value == NULL)
		return false;
	// The list begins below its field; trimming took the newline of "SHA256:".
	at.line++;
	lines = g_strsplit(value, "\n", -1);
	for (char **line = lines; *line != NULL; line++, at.line++)
		if (!take_file(release, *line, at, error))
			return false;
	return true;
}

static bool take_stanza(StrakeDebRelease *release, const StrakeDebStanza *stanza, GError **error)
{
	g_autofree char *by_hash = strake_deb_stanza_dup(stanza, "Acquire-By-Hash");

	release->suite = strake_deb_stanza_dup(stanza, "Suite");
	release->codename = strake_deb_stanza_dup(stanza, "Codename");
	release->by_hash = by_hash != NULL && g_ascii_strcasecmp(by_hash, "yes") == 0;
	if (!take_date(stanza, "Date", &release->date, &release->date_s, error) ||
		!take_date(stanza, "Valid-Until", &release->valid_until, &release->valid_until_s,
			error))
		return false;
	if (release->date == NULL)
		return strake_error_at(error, STRAKE_ERROR_INVALID,
			strake_deb_stanza_origin(stanza, "Date"), "the Release has no Date");
	return take_files(release, stanza, error);
}

StrakeDebRelease *strake_deb_release_parse(
	const char *text, size_t size, const char *name, GError **error)
{
	g_autoptr(StrakeDebRelease) release = g_new0(StrakeDebRelease, 1);
	g_autoptr(StrakeDebControl) control = strake_deb_control_new(text, size, name);
	const StrakeDebStanza *stanza = NULL;

	release->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!strake_deb_control_next(control, &stanza, error))
		return NULL;
	if (stanza == NULL) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "%s: it is empty", name);
		return NULL;
	}
	if (!take_stanza(release, stanza, error))
		return NULL;
	return g_steal_pointer(&release);
}

// -- the clear-signed form

static size_t count(const char *text, size_t size, const char *line)
{
	const char *at = text;
	const char *end = text + size;
	size_t n = 0;

	while ((at = memmem(at, (size_t)(end - at), line, strlen(line))) != NULL) {
		n += at == text || at[-1] == '\n';
		at++;
	}
	return n;
}

bool strake_deb_clearsign_check(const char *text, size_t size, const char *name, GError **error)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char signature[] = "-----BEGIN PGP SIGNATURE-----";
	static const char end[] = "-----END PGP SIGNATURE-----";
	const char *why = NULL;

	while (size > 0 && g_ascii_isspace(text[size - 1]))
		size--;
	if (size < strlen(begin) || memcmp(text, begin, strlen(begin)) != 0)
		why = "it does not begin as a signed message";
	else if (size < strlen(end) || memcmp(text + size - strlen(end), end, strlen(end)) != 0)
		why = "it does not end with a signature";
	else if (memchr(text, '\0', size) != NULL)
		why = "it has a NUL byte";
	else if (count(text, size, begin) != 1 || count(text, size, signature) != 1 ||
		 count(text, size, end) != 1)
		why = "it has more than one signed part";
	if (why == NULL)
		return true;
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "%s: not a signed index: %s", name, why);
}
