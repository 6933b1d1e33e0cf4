// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// sources.list(5) in both of its forms.
#include "upstream/apt_sources.h"

#include <string.h>

#include "format/deb_control.h"

void strake_apt_source_free(StrakeAptSource *source)
{
	if (source == NULL)
		return;
	g_free(source->file);
	g_strfreev(source->uris);
	g_strfreev(source->suites);
	g_free(source->signed_by);
	g_free(source);
}

// Words between white space; free with g_strfreev.
static char **words(const char *text)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) parts = g_strsplit_set(text != NULL ? text : "", " \t\r\n", -1);

	for (char **p = parts; *p != NULL; p++)
		if (**p != '\0')
			g_strv_builder_add(builder, *p);
	return g_strv_builder_end(builder);
}

static int truth(const char *text)
{
	static const char *const yes[] = {"yes", "true", "with", "on", "enable", "1"};
	static const char *const no[] = {"no", "false", "without", "off", "disable", "0"};

	for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(yes); i++) {
		if (g_ascii_strcasecmp(text, yes[i]) == 0)
			return 1;
		if (g_ascii_strcasecmp(text, no[i]) == 0)
			return 0;
	}
	return -1;
}

// The "[a=b c=d]" of a one-line entry, without its brackets.
static void take_options(StrakeAptSource *source, const char *options)
{
	g_auto(GStrv) pairs = words(options);

	for (char **p = pairs; *p != NULL; p++) {
		if (g_ascii_strncasecmp(*p, "signed-by=", 10) == 0) {
			g_free(source->signed_by);
			source->signed_by = g_strdup(*p + 10);
		}
		if (g_ascii_strncasecmp(*p, "check-valid-until=", 18) == 0)
			source->check_valid_until = truth(*p + 18);
	}
}

static StrakeAptSource *parse_line(const char *line)
{
	g_autoptr(StrakeAptSource) source = g_new0(StrakeAptSource, 1);
	g_auto(GStrv) parts = NULL;

	source->check_valid_until = -1;
	while (g_ascii_isspace(*line))
		line++;
	if (strncmp(line, "deb", 3) != 0 || !g_ascii_isspace(line[3]))
		return NULL;
	line += 3;
	while (g_ascii_isspace(*line))
		line++;
	if (*line == '[') {
		const char *end = strchr(line, ']');
		g_autofree char *options = NULL;

		if (end == NULL)
			return NULL;
		options = g_strndup(line + 1, (size_t)(end - line - 1));
		take_options(source, options);
		line = end + 1;
	}
	parts = words(line);
	if (g_strv_length(parts) < 2)
		return NULL;
	source->uris = g_strdupv((char *[]){parts[0], NULL});
	source->suites = g_strdupv((char *[]){parts[1], NULL});
	return g_steal_pointer(&source);
}

void strake_apt_sources_add_list(const char *text, const char *file, GPtrArray *out)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i] != NULL; i++) {
		char *hash = strchr(lines[i], '#');
		StrakeAptSource *source;

		if (hash != NULL)
			*hash = '\0';
		source = parse_line(lines[i]);
		if (source == NULL)
			continue;
		source->file = g_strdup(file);
		source->line = i + 1;
		g_ptr_array_add(out, source);
	}
}

static StrakeAptSource *parse_stanza(const StrakeDebStanza *stanza)
{
	g_autoptr(StrakeAptSource) source = NULL;
	g_autofree char *types = strake_deb_stanza_dup(stanza, "Types");
	g_autofree char *enabled = strake_deb_stanza_dup(stanza, "Enabled");
	g_autofree char *uris = strake_deb_stanza_dup(stanza, "URIs");
	g_autofree char *suites = strake_deb_stanza_dup(stanza, "Suites");
	g_autofree char *valid = strake_deb_stanza_dup(stanza, "Check-Valid-Until");
	g_auto(GStrv) kinds = words(types);

	if (!g_strv_contains((const char *const *)kinds, "deb") || truth(enabled) == 0)
		return NULL;
	source = g_new0(StrakeAptSource, 1);
	source->uris = words(uris);
	source->suites = words(suites);
	source->signed_by = strake_deb_stanza_dup(stanza, "Signed-By");
	source->check_valid_until = truth(valid);
	if (source->uris[0] == NULL || source->suites[0] == NULL)
		return NULL;
	return g_steal_pointer(&source);
}

void strake_apt_sources_add_deb822(const char *text, size_t size, const char *file, GPtrArray *out)
{
	g_autoptr(StrakeDebControl) control = strake_deb_control_new(text, size, file);
	const StrakeDebStanza *stanza = NULL;

	while (strake_deb_control_next(control, &stanza, NULL) && stanza != NULL) {
		StrakeAptSource *source = parse_stanza(stanza);

		if (source == NULL)
			continue;
		source->file = g_strdup(file);
		source->line = stanza->line;
		g_ptr_array_add(out, source);
	}
}

static bool signed_by_debian(const StrakeAptSource *source)
{
	return source->signed_by != NULL &&
	       strstr(source->signed_by, "/debian-archive-keyring.") != NULL;
}

// How sure it is that this is Debian's archive of releases; 0: it is not.
static int score(const StrakeAptSource *source, const char *suite, const char *codename)
{
	bool host = codename != NULL && strcmp(suite, codename) == 0;

	if (g_str_has_suffix(suite, "-security") || strchr(suite, '/') != NULL)
		return 0;
	if (signed_by_debian(source))
		return host ? 4 : 3;
	if (!host)
		return 0;
	return source->signed_by == NULL ? 2 : 1; // another keyring: another archive, most likely
}

const StrakeAptSource *strake_apt_sources_choose(const GPtrArray *sources, const char *codename)
{
	const StrakeAptSource *best = NULL;
	int best_score = 0;

	for (guint i = 0; i < sources->len; i++) {
		const StrakeAptSource *source = g_ptr_array_index(sources, i);

		for (char **suite = source->suites; *suite != NULL; suite++) {
			int value = score(source, *suite, codename);

			if (value <= best_score)
				continue;
			best = source;
			best_score = value;
		}
	}
	return best;
}
