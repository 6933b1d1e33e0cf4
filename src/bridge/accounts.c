// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The declarative files that scripts and overlays asked for (sysusers.d, tmpfiles.d, presets), and
// the accounts that a package offers and needs, as rpm 4.19 and later write them:
// Provides: user(x), group(x); Requires: user(x) for owners of files.
#include <string.h>

#include "base/error.h"
#include "bridge/conversion.h"

static void write_lines(StrakeConversion *c, GPtrArray *lines, const char *path)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < lines->len; i++)
		if (g_hash_table_add(seen, lines->pdata[i]))
			g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
	if (text->len > 0)
		strake_conversion_add_text(c, path, 0644, text->str, text->len);
}

/* The whole line in base64, padded with NULs so that no "=" is needed: rpm hands it to sysusers. */
static char *encode_line(char **words)
{
	g_autofree char *line = g_strjoinv(" ", words);
	size_t size = strlen(line), padded = (size + 2) / 3 * 3;
	g_autofree guchar *bytes = g_malloc0(padded + 1);

	memcpy(bytes, line, size);
	return g_base64_encode(bytes, padded);
}

/* @accounts: "user(name)" -> the encoded line, or "" for a group that comes with its user. */
static void add_account(GHashTable *accounts, const char *kind, const char *name, char **words)
{
	char *account = g_strdup_printf("%s(%s)", kind, name);

	if (words == NULL && g_hash_table_contains(accounts, account))
		g_free(account);
	else
		g_hash_table_insert(
			accounts, account, words != NULL ? encode_line(words) : g_strdup(""));
}

static void read_account_line(GHashTable *accounts, char **words)
{
	if (words[0] == NULL || words[1] == NULL || *words[0] == '#' ||
		strchr(words[1], '%') != NULL)
		return;
	if (strcmp(words[0], "u") == 0 || strcmp(words[0], "u!") == 0) {
		add_account(accounts, "user", words[1], words);
		add_account(accounts, "group", words[1], NULL);
	} else if (strcmp(words[0], "g") == 0) {
		add_account(accounts, "group", words[1], words);
	} else if (strcmp(words[0], "m") == 0 && words[2] != NULL) {
		g_autofree char *name = g_strdup_printf("%s/%s", words[1], words[2]);
		add_account(accounts, "groupmember", name, words);
	}
}

/* The accounts of sysusers.d(5) lines, as rpm's own generator reads them. */
static void read_accounts(GHashTable *accounts, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit_set(g_strstrip(*line), " \t", -1);
		char **kept = words;

		for (char **word = words; *word != NULL; word++) // no empty words
			if (**word != '\0')
				*kept++ = *word;
			else
				g_free(*word);
		*kept = NULL;
		read_account_line(accounts, words);
	}
}

static void read_files(StrakeConversion *c, GHashTable *accounts)
{
	GHashTableIter iter;
	gpointer path, bytes;

	g_hash_table_iter_init(&iter, c->content);
	while (g_hash_table_iter_next(&iter, &path, &bytes)) {
		g_autofree char *text = NULL;

		if (!g_str_has_prefix(path, "/usr/lib/sysusers.d/") || g_bytes_get_size(bytes) == 0)
			continue;
		text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		read_accounts(accounts, text);
	}
	for (guint i = 0; i < c->rpm->files->len; i++) { // those that overlays add
		const StrakeRpmFile *file = c->rpm->files->pdata[i];
		g_autofree char *text = NULL;

		if (file->content == NULL || g_bytes_get_size(file->content) == 0 ||
			!g_str_has_prefix(file->path, "/usr/lib/sysusers.d/"))
			continue;
		text = g_strndup(
			g_bytes_get_data(file->content, NULL), g_bytes_get_size(file->content));
		read_accounts(accounts, text);
	}
}

static void need_account(
	StrakeConversion *c, GHashTable *offered, const char *kind, const char *name)
{
	g_autofree char *account = g_strdup_printf("%s(%s)", kind, name);

	if (strcmp(name, "root") == 0 || g_hash_table_contains(offered, account) ||
		strake_conversion_drops_dep(c, STRAKE_RPM_REQUIRES, account))
		return;
	strake_rpm_package_add_dep(c->rpm, STRAKE_RPM_REQUIRES, account, NULL, 0);
}

bool strake_conversion_accounts(StrakeConversion *c, GError **error)
{
	g_autoptr(GHashTable) accounts =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *sysusers = g_strdup_printf("/usr/lib/sysusers.d/%s-strake.conf", c->name);
	g_autofree char *tmpfiles = g_strdup_printf("/usr/lib/tmpfiles.d/%s-strake.conf", c->name);
	g_autofree char *presets =
		g_strdup_printf("/usr/lib/systemd/system-preset/60-%s.preset", c->name);
	GHashTableIter iter;
	gpointer account, line;

	write_lines(c, c->sysusers, sysusers);
	write_lines(c, c->tmpfiles, tmpfiles);
	write_lines(c, c->presets, presets);
	read_files(c, accounts);
	g_hash_table_iter_init(&iter, accounts);
	while (g_hash_table_iter_next(&iter, &account, &line))
		if (!strake_conversion_drops_dep(c, STRAKE_RPM_PROVIDES, account))
			strake_rpm_package_add_dep(c->rpm, STRAKE_RPM_PROVIDES, account, line,
				*(char *)line != '\0' ? STRAKE_RPMSENSE_EQUAL : 0);
	for (guint i = 0; i < c->rpm->files->len; i++) {
		const StrakeRpmFile *file = c->rpm->files->pdata[i];

		need_account(c, accounts, "user", file->user);
		need_account(c, accounts, "group", file->group);
	}
	return true;
}
