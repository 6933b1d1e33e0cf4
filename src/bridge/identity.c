// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Name, version, description and licence of the RPM from the control stanza and the copyright file.
// Format: docs/bridge.md, "Metadata"; machine-readable copyright files: DEP-5.
#include <string.h>

#include "base/error.h"
#include "bridge/conversion.h"
#include "bridge/version.h"

static const char *rpm_arch(const char *deb_arch)
{
	static const struct {
		const char *deb, *rpm;
	} table[] = {
		{"all", "noarch"},
		{"amd64", "x86_64"},
		{"arm64", "aarch64"},
		{"armhf", "armv7hl"},
		{"i386", "i686"},
		{"ppc64el", "ppc64le"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		if (strcmp(table[i].deb, deb_arch) == 0)
			return table[i].rpm;
	return deb_arch;
}

/* "text\n more\n .\n more" -> summary and description. */
static void set_description(StrakeRpmPackage *rpm, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	g_autoptr(GString) out = g_string_new(NULL);

	rpm->summary = g_strdup(lines[0] != NULL && *lines[0] != '\0' ? lines[0] : rpm->name);
	for (size_t i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
		const char *line = lines[i][0] == ' ' ? lines[i] + 1 : lines[i];

		if (out->len > 0)
			g_string_append_c(out, '\n');
		if (strcmp(line, ".") != 0)
			g_string_append(out, line);
	}
	rpm->description = g_strdup(out->len > 0 ? out->str : rpm->summary);
}

/* "Source: name (version)"; both default to the binary's own. */
static void set_source(StrakeConversion *c, const StrakeDebStanza *control)
{
	g_autofree char *field = strake_deb_stanza_dup(control, "Source");
	const char *open = field != NULL ? strchr(field, '(') : NULL;
	const char *close = open != NULL ? strchr(open, ')') : NULL;

	if (field == NULL)
		c->result->source_name = g_strdup(c->deb_name);
	else
		c->result->source_name = g_strndup(field, strcspn(field, " ("));
	c->result->source_version = close != NULL ? g_strndup(open + 1, close - open - 1)
						  : g_strdup(strake_deb_file_version(c->deb));
}

static void set_source_rpm(StrakeConversion *c)
{
	g_autoptr(StrakeBridgeVersion) version =
		strake_bridge_version(c->result->source_version, NULL);

	g_free(c->rpm->source_rpm);
	c->rpm->source_rpm = g_strdup_printf("%s-%s-%s.src.rpm", c->result->source_name,
		version != NULL ? version->version : c->rpm->version,
		version != NULL ? version->release : c->rpm->release);
}

bool strake_conversion_identity(StrakeConversion *c, GError **error)
{
	const StrakeDebStanza *control = strake_deb_file_control(c->deb);
	g_autoptr(StrakeBridgeVersion) version =
		strake_bridge_version(strake_deb_file_version(c->deb), error);
	g_autofree char *description = strake_deb_stanza_dup(control, "Description");
	g_autofree char *release = NULL;

	if (version == NULL)
		return false;
	release = g_strdup_printf("%s^~br%d", version->release, STRAKE_BRIDGE_REVISION);
	c->rpm = strake_rpm_package_new(
		c->name, version->version, release, rpm_arch(strake_deb_file_architecture(c->deb)));
	c->rpm->epoch = version->epoch;
	set_description(c->rpm, description);
	c->rpm->group = strake_deb_stanza_dup(control, "Section");
	c->rpm->url = strake_deb_stanza_dup(control, "Homepage");
	c->rpm->vendor = g_strdup("Strake");
	set_source(c, control);
	set_source_rpm(c);
	return true;
}

// -- licence

/* One short name of DEP-5 as an SPDX identifier; free with g_free. */
static char *spdx_name(const char *name)
{
	static const struct {
		const char *from, *to;
	} table[] = {
		{"expat", "MIT"},
		{"mit", "MIT"},
		{"x11", "X11"},
		{"isc", "ISC"},
		{"zlib", "Zlib"},
		{"apache-2", "Apache-2.0"},
		{"apache-2.0", "Apache-2.0"},
		{"artistic", "Artistic-1.0-Perl"},
		{"bsd-2-clause", "BSD-2-Clause"},
		{"bsd-3-clause", "BSD-3-Clause"},
		{"bsd-4-clause", "BSD-4-Clause"},
		{"mpl-2.0", "MPL-2.0"},
		{"cc0", "CC0-1.0"},
		{"cc0-1.0", "CC0-1.0"},
		{"psf-2", "PSF-2.0"},
		{"python", "PSF-2.0"},
		{"openssl", "OpenSSL"},
		{"curl", "curl"},
		{"bsl-1.0", "BSL-1.0"},
		{"0bsd", "0BSD"},
		{"afl-2.1", "AFL-2.1"},
		{"bsd-3-clause-attribution", "BSD-3-Clause-Attribution"},
		{"bsd-4-clause-uc", "BSD-4-Clause-UC"},
		{"bzip2-1.0.6", "bzip2-1.0.6"},
		{"cc-by-4.0", "CC-BY-4.0"},
		{"cc-by-sa-4.0", "CC-BY-SA-4.0"},
		{"fsfap", "FSFAP"},
		{"fsful", "FSFUL"},
		{"fsfullr", "FSFULLR"},
		{"libpng", "Libpng"},
		{"mit-cmu", "MIT-CMU"},
		{"mit-0", "MIT-0"},
		{"smail-gpl", "SMAIL-GPL"},
		{"unlicense", "Unlicense"},
	};
	static const char *const gnu[] = {"agpl", "lgpl", "gpl", "gfdl"};
	g_autofree char *lower = g_ascii_strdown(name, -1);
	g_autoptr(GString) out = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		if (strcmp(table[i].from, lower) == 0)
			return g_strdup(table[i].to);
	for (size_t i = 0; i < G_N_ELEMENTS(gnu); i++) {
		const char *at = lower + strlen(gnu[i]);
		size_t digits;
		bool later;

		if (!g_str_has_prefix(lower, gnu[i]) || *at != '-' || !g_ascii_isdigit(at[1]))
			continue;
		digits = strspn(++at, "0123456789.");
		later = strcmp(at + digits, "+") == 0 || strcmp(at + digits, "-or-later") == 0;
		if (!later && at[digits] != '\0' && strcmp(at + digits, "-only") != 0)
			break;
		{
			g_autofree char *upper = g_ascii_strup(gnu[i], -1);
			g_autofree char *number = g_strndup(at, digits);
			return g_strdup_printf("%s-%s%s-%s", upper, number,
				strchr(number, '.') == NULL ? ".0" : "",
				later ? "or-later" : "only");
		}
	}
	out = g_string_new("LicenseRef-");
	for (const char *at = name; *at != '\0'; at++)
		g_string_append_c(out, g_ascii_isalnum(*at) || *at == '.' ? *at : '-');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* "GPL-2+ or Expat" -> "(GPL-2.0-or-later OR MIT)"; "and" and commas join; "with" is kept. */
static char *spdx_term(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
	g_autoptr(GString) out = g_string_new(NULL);
	bool with = false, joined = false;

	for (char **word = words; *word != NULL; word++) {
		g_autofree char *bare = g_strdup(*word);
		g_autofree char *name = NULL;
		bool comma = g_str_has_suffix(bare, ",");

		if (comma)
			bare[strlen(bare) - 1] = '\0';
		if (*bare == '\0' || with)
			continue;
		if (g_ascii_strcasecmp(bare, "or") == 0 || g_ascii_strcasecmp(bare, "and") == 0) {
			g_autofree char *upper = g_ascii_strup(bare, -1);
			if (out->len > 0 && !g_str_has_suffix(out->str, " "))
				g_string_append_printf(out, " %s ", upper);
			joined = true;
			continue;
		}
		if (g_ascii_strcasecmp(bare, "with") == 0) {
			with = true; // the exception's name is free text: left to the copyright
				     // file
			continue;
		}
		name = spdx_name(bare);
		if (out->len > 0 && !g_str_has_suffix(out->str, " "))
			g_string_append(out, " AND ");
		g_string_append(out, name);
	}
	if (g_str_has_suffix(out->str, " ")) {
		char *end = strrchr(g_strchomp(out->str), ' ');
		if (end != NULL)
			*end = '\0';
	}
	return joined ? g_strdup_printf("(%s)", out->str) : g_strdup(out->str);
}

char *strake_bridge_license(GBytes *copyright)
{
	enum { MAX_TERMS = 24 };
	g_autoptr(GPtrArray) terms = g_ptr_array_new_with_free_func(g_free);
	gsize size;
	const char *data = g_bytes_get_data(copyright, &size);
	g_autofree char *text = g_strndup(data != NULL ? data : "", size);
	g_auto(GStrv) lines = NULL;
	bool files = false;

	if (strstr(text, "copyright-format") == NULL || !g_utf8_validate(text, -1, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char *value;

		if (**line == '\0')
			files = false;
		if (g_ascii_strncasecmp(*line, "Files:", 6) == 0)
			files = true;
		if (!files || g_ascii_strncasecmp(*line, "License:", 8) != 0)
			continue;
		value = g_strstrip(*line + 8);
		if (*value != '\0') {
			char *term = spdx_term(value);
			if (*term == '\0' ||
				g_ptr_array_find_with_equal_func(terms, term, g_str_equal, NULL))
				g_free(term);
			else
				g_ptr_array_add(terms, term);
		}
	}
	if (terms->len == 0 || terms->len > MAX_TERMS)
		return NULL;
	g_ptr_array_sort(terms, strake_bridge_compare_texts);
	g_ptr_array_add(terms, NULL);
	return g_strjoinv(" AND ", (char **)terms->pdata);
}

void strake_conversion_license(StrakeConversion *c)
{
	g_autofree char *path = g_strdup_printf("/usr/share/doc/%s/copyright", c->deb_name);
	GBytes *bytes = g_hash_table_lookup(c->content, path);

	c->rpm->license = bytes != NULL ? strake_bridge_license(bytes) : NULL;
	if (c->rpm->license == NULL)
		c->rpm->license = g_strdup("unknown; see copyright file");
	c->result->license = g_strdup(c->rpm->license);
}
