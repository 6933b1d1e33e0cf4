// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// gpgv as the judge of signatures, and the dates of a Release.
#include "upstream/deb_verify.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/run.h"

enum {
	KEYRING_MAX_BYTES = 16 << 20,
	TEXT_MAX_BYTES = 64 << 20,
};

#define ARMOR_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define ARMOR_END "-----END PGP PUBLIC KEY BLOCK-----"

// gpgv reads binary keyrings only; apt also takes armored ones.
static bool dearmor(const char *text, GByteArray *out)
{
	const char *at = text;

	while ((at = strstr(at, ARMOR_BEGIN)) != NULL) {
		const char *body = strstr(at, "\n\n");
		const char *end = strstr(at, ARMOR_END);
		g_autofree char *base64 = NULL;
		g_autofree guchar *raw = NULL;
		gsize size = 0;
		char *sum;

		if (body == NULL || end == NULL || body > end)
			return false;
		base64 = g_strndup(body, (size_t)(end - body));
		sum = strstr(base64, "\n=");
		if (sum != NULL)
			*sum = '\0';
		raw = g_base64_decode(base64, &size);
		g_byte_array_append(out, raw, (guint)size);
		at = end;
	}
	return out->len > 0;
}

// The keyring itself, or a binary copy in @dir.
static char *usable_keyring(const char *keyring, const StrakeTmpdir *dir, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, keyring, KEYRING_MAX_BYTES, error);
	g_autoptr(GByteArray) binary = g_byte_array_new();
	g_autofree char *text = NULL;

	if (bytes == NULL) {
		g_prefix_error(error, "keyring: ");
		return NULL;
	}
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	if (strstr(text, ARMOR_BEGIN) == NULL)
		return g_canonicalize_filename(keyring, NULL);
	if (!dearmor(text, binary)) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"keyring '%s': its armored key block is damaged", keyring);
		return NULL;
	}
	if (!strake_file_write_at(dir->fd, "keyring", binary->data, binary->len, 0600, error))
		return NULL;
	return g_build_filename(dir->path, "keyring", NULL);
}

static const char *status_word(const char *line)
{
	static const char prefix[] = "[GNUPG:] ";

	return g_str_has_prefix(line, prefix) ? line + strlen(prefix) : "";
}

static bool is_weak(const char *validsig)
{
	// VALIDSIG fingerprint date time expires version reserved key-algorithm hash-algorithm ...
	g_auto(GStrv) words = g_strsplit(validsig, " ", -1);
	guint n = g_strv_length(words);
	const char *hash = n > 8 ? words[8] : "";

	return strcmp(hash, "1") == 0 || strcmp(hash, "2") == 0 || strcmp(hash, "3") == 0;
}

static char *unknown_keys(char **lines)
{
	g_autoptr(GString) keys = g_string_new(NULL);

	for (char **line = lines; *line != NULL; line++) {
		const char *word = status_word(*line);

		if (g_str_has_prefix(word, "NO_PUBKEY "))
			g_string_append_printf(keys, "%s%s", keys->len > 0 ? ", " : "", word + 10);
	}
	return g_string_free(g_steal_pointer(&keys), FALSE);
}

bool strake_deb_verify_status(const char *status, const char *name, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(status, "\n", -1);
	g_autofree char *unknown = unknown_keys(lines);
	bool is_good = false; // of the signature under way
	bool any_good = false;
	bool expired = false;
	bool weak = false;

	for (char **line = lines; *line != NULL; line++) {
		const char *word = status_word(*line);

		if (g_str_has_prefix(word, "BADSIG "))
			return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
				"%s: the signature is BAD: the index was changed after it was "
				"signed",
				name);
		if (g_str_has_prefix(word, "NEWSIG"))
			is_good = false;
		if (g_str_has_prefix(word, "GOODSIG "))
			is_good = true;
		if (g_str_has_prefix(word, "EXPKEYSIG ") || g_str_has_prefix(word, "REVKEYSIG ") ||
			g_str_has_prefix(word, "EXPSIG "))
			expired = true;
		if (g_str_has_prefix(word, "VALIDSIG ") && is_good) {
			weak = weak || is_weak(word);
			any_good = any_good || !is_weak(word);
		}
	}
	if (any_good)
		return true;
	if (*unknown != '\0')
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: signed only by keys that the keyring does not have (%s); install a "
			"newer debian-archive-keyring or set the upstream's keyring",
			name, unknown);
	return strake_error_set(error, STRAKE_ERROR_INTEGRITY, "%s: %s", name,
		expired ? "its signature or the key of it has expired or was revoked"
		: weak  ? "its signature uses a digest that is too weak"
			: "it has no good signature");
}

static bool run_gpgv(
	const StrakeTmpdir *dir, const char *keyring, GBytes **out_status, GError **error)
{
	const char *argv[] = {"gpgv", "--status-fd", "1", "--keyring", keyring, "--output", "text",
		"--", "InRelease", NULL};
	static const char *const env[] = {"LC_ALL=C", NULL};
	g_autofree char *gpgv = g_find_program_in_path("gpgv");
	int status = 0;

	if (gpgv == NULL)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"gpgv is needed to check the archive's signature: install the package "
			"gpgv");
	return strake_run(
		&(StrakeRun){.argv = argv, .cwd = dir->path, .env = env, .exit_status = &status},
		out_status, error);
}

GBytes *strake_deb_verify_signature(
	GBytes *inrelease, const char *keyring, const char *name, GError **error)
{
	g_autoptr(StrakeTmpdir) dir = NULL;
	g_autoptr(GBytes) status = NULL;
	g_autofree char *usable = NULL;
	g_autofree char *status_text = NULL;
	size_t size = 0;
	const char *data = g_bytes_get_data(inrelease, &size);

	if (!strake_deb_clearsign_check(data, size, name, error))
		return NULL;
	dir = strake_tmpdir_new(NULL, error);
	if (dir == NULL)
		return NULL;
	usable = usable_keyring(keyring, dir, error);
	if (usable == NULL ||
		!strake_file_write_at(dir->fd, "InRelease", data, size, 0600, error) ||
		!run_gpgv(dir, usable, &status, error))
		return NULL;
	status_text = g_strndup(g_bytes_get_data(status, NULL), g_bytes_get_size(status));
	if (!strake_deb_verify_status(status_text, name, error))
		return NULL;
	return strake_file_read_at(dir->fd, "text", TEXT_MAX_BYTES, error);
}

// -- dates

static char *day(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return time != NULL ? g_date_time_format(time, "%Y-%m-%d") : g_strdup("?");
}

// When the Release ends by its own words and by apt's limits; INT64_MAX: never.
static int64_t end_of_validity(const StrakeDebRelease *release, const StrakeAptConfig *config)
{
	int64_t end = release->valid_until != NULL ? release->valid_until_s : G_MAXINT64;

	if (config->max_valid_s > 0)
		end = MIN(end, release->date_s + config->max_valid_s);
	if (config->min_valid_s > 0 && end != G_MAXINT64)
		end = MAX(end, release->date_s + config->min_valid_s);
	return end;
}

bool strake_deb_verify_dates(const StrakeDebRelease *release, const StrakeAptConfig *config,
	int64_t now_s, const char *name, char **out_note, GError **error)
{
	int64_t end = end_of_validity(release, config);
	g_autofree char *from_day = day(release->date_s);
	g_autofree char *end_day = end != G_MAXINT64 ? day(end) : NULL;

	if (config->check_date && release->date_s > now_s + config->future_s)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: its date (%s) is in the future; check the clock of this machine", name,
			release->date);
	if (now_s > end && config->check_valid_until)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: expired on %s: the mirror is stale; use another, or tell apt that "
			"this "
			"one is meant to be (Acquire::Check-Valid-Until \"false\";)",
			name, end_day);
	*out_note = now_s > end ? g_strdup_printf("index of %s, expired on %s; apt is set not to "
						  "mind",
					  from_day, end_day)
				: NULL;
	return true;
}
