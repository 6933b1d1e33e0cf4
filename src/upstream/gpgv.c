// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Keyrings made fit for gpgv, and its status lines judged.
#include "upstream/gpgv.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/run.h"

enum { KEYRING_MAX_BYTES = 16 << 20, ARGS_MAX = 12 };

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

bool strake_gpgv_judge(const char *status, const char *name, const char *hint, GError **error)
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
			"%s: signed only by keys that the keyring does not have (%s); %s", name,
			unknown, hint);
	return strake_error_set(error, STRAKE_ERROR_INTEGRITY, "%s: %s", name,
		expired ? "its signature or the key of it has expired or was revoked"
		: weak  ? "its signature uses a digest that is too weak"
			: "it has no good signature");
}

GBytes *strake_gpgv_run(
	const StrakeTmpdir *dir, const char *keyring, const char *const *words, GError **error)
{
	g_autofree char *usable = usable_keyring(keyring, dir, error);
	const char *argv[ARGS_MAX] = {"gpgv", "--status-fd", "1", "--keyring", usable};
	static const char *const env[] = {"LC_ALL=C", NULL};
	g_autofree char *gpgv = g_find_program_in_path("gpgv");
	GBytes *status = NULL;
	int exit_status = 0;
	size_t n = 5;

	if (usable == NULL)
		return NULL;
	if (gpgv == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"gpgv is needed to check the archive's signature: install the package "
			"gpgv");
		return NULL;
	}
	for (; *words != NULL && n + 1 < ARGS_MAX; words++)
		argv[n++] = *words;
	return strake_run(&(StrakeRun){.argv = argv,
				  .cwd = dir->path,
				  .env = env,
				  .exit_status = &exit_status},
		       &status, error)
		       ? status
		       : NULL;
}
