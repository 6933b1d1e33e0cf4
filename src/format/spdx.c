// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// SPDX 2.3 by json-glib.
#include "format/spdx.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <string.h>

#define ROOT_ID "SPDXRef-Image"

static void add(JsonBuilder *b, const char *name, const char *value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_string_value(b, value);
}

static void add_unless_null(JsonBuilder *b, const char *name, const char *value)
{
	if (value != NULL)
		add(b, name, value);
}

// Idents are joined by AND, OR, WITH and parentheses; anything else is prose.
gboolean strake_spdx_is_license(const char *text)
{
	g_auto(GStrv) words = NULL;
	int depth = 0;
	bool want_ident = true;

	if (text == NULL || *text == '\0')
		return FALSE;
	words = g_strsplit_set(text, " ", -1);
	for (char **word = words; *word != NULL; word++) {
		const char *at = *word;
		size_t n;

		for (; *at == '('; at++)
			depth++;
		n = strspn(at, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-+");
		if (n == 0)
			return FALSE;
		if (strcmp(at, "AND") == 0 || strcmp(at, "OR") == 0 || strcmp(at, "WITH") == 0) {
			if (want_ident)
				return FALSE;
			want_ident = true;
			continue;
		}
		if (!want_ident)
			return FALSE;
		want_ident = false;
		for (at += n; *at == ')'; at++)
			depth--;
		if (*at != '\0' || depth < 0)
			return FALSE;
	}
	return !want_ident && depth == 0;
}

static char *evr_of(const StrakeSpdxPackage *p)
{
	return p->release != NULL ? g_strdup_printf("%s-%s", p->version, p->release)
				  : g_strdup(p->version);
}

char *strake_spdx_purl(const StrakeSpdxPackage *p)
{
	g_autofree char *evr = evr_of(p);
	g_autofree char *name = g_uri_escape_string(p->name, NULL, FALSE);
	g_autofree char *version = g_uri_escape_string(evr, NULL, FALSE);
	g_autoptr(GString) purl = g_string_new(NULL);

	g_string_append_printf(purl, "pkg:rpm/strake/%s@%s", name, version);
	if (p->architecture != NULL)
		g_string_append_printf(purl, "?arch=%s", p->architecture);
	if (p->epoch != NULL && strcmp(p->epoch, "0") != 0)
		g_string_append_printf(
			purl, "%cepoch=%s", p->architecture != NULL ? '&' : '?', p->epoch);
	return g_string_free(g_steal_pointer(&purl), FALSE);
}

static void add_checksum(JsonBuilder *b, const char *sha256)
{
	if (sha256 == NULL)
		return;
	json_builder_set_member_name(b, "checksums");
	json_builder_begin_array(b);
	json_builder_begin_object(b);
	add(b, "algorithm", "SHA256");
	add(b, "checksumValue", sha256);
	json_builder_end_object(b);
	json_builder_end_array(b);
}

static void add_purl(JsonBuilder *b, const StrakeSpdxPackage *p)
{
	g_autofree char *purl = strake_spdx_purl(p);

	json_builder_set_member_name(b, "externalRefs");
	json_builder_begin_array(b);
	json_builder_begin_object(b);
	add(b, "referenceCategory", "PACKAGE-MANAGER");
	add(b, "referenceType", "purl");
	add(b, "referenceLocator", purl);
	json_builder_end_object(b);
	json_builder_end_array(b);
}

static void add_package(JsonBuilder *b, const StrakeSpdxPackage *p, size_t index)
{
	g_autofree char *id = g_strdup_printf("SPDXRef-Package-%zu", index + 1);
	g_autofree char *evr = evr_of(p);
	bool licensed = strake_spdx_is_license(p->license);

	json_builder_begin_object(b);
	add(b, "SPDXID", id);
	add(b, "name", p->name);
	add(b, "versionInfo", evr);
	add(b, "downloadLocation", "NOASSERTION");
	json_builder_set_member_name(b, "filesAnalyzed");
	json_builder_add_boolean_value(b, FALSE);
	add(b, "licenseConcluded", "NOASSERTION");
	add(b, "licenseDeclared", licensed ? p->license : "NOASSERTION");
	if (!licensed)
		add_unless_null(b, "licenseComments", p->license);
	add(b, "copyrightText", "NOASSERTION");
	add_unless_null(b, "summary", p->summary);
	add_unless_null(b, "sourceInfo", p->upstream);
	add_checksum(b, p->sha256);
	add_purl(b, p);
	json_builder_end_object(b);
}

static void add_root_package(JsonBuilder *b, const StrakeSpdxDocument *document)
{
	json_builder_begin_object(b);
	add(b, "SPDXID", ROOT_ID);
	add(b, "name", document->name);
	add(b, "versionInfo", document->version);
	add(b, "downloadLocation", "NOASSERTION");
	json_builder_set_member_name(b, "filesAnalyzed");
	json_builder_add_boolean_value(b, FALSE);
	add(b, "licenseConcluded", "NOASSERTION");
	add(b, "licenseDeclared", "NOASSERTION");
	add(b, "copyrightText", "NOASSERTION");
	add(b, "primaryPackagePurpose", "OPERATING-SYSTEM");
	json_builder_end_object(b);
}

static void add_relationship(JsonBuilder *b, const char *from, const char *type, const char *to)
{
	json_builder_begin_object(b);
	add(b, "spdxElementId", from);
	add(b, "relationshipType", type);
	add(b, "relatedSpdxElement", to);
	json_builder_end_object(b);
}

static void add_head(JsonBuilder *b, const StrakeSpdxDocument *document)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(document->created_s);
	g_autofree char *created = g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *creator = g_strdup_printf("Tool: %s", document->tool);
	g_autofree char *space =
		g_strdup_printf("urn:strake:sbom:%s:%s", document->name, document->sha256);

	add(b, "spdxVersion", "SPDX-2.3");
	add(b, "dataLicense", "CC0-1.0");
	add(b, "SPDXID", "SPDXRef-DOCUMENT");
	add(b, "name", document->name);
	add(b, "documentNamespace", space);
	json_builder_set_member_name(b, "creationInfo");
	json_builder_begin_object(b);
	add(b, "created", created);
	json_builder_set_member_name(b, "creators");
	json_builder_begin_array(b);
	json_builder_add_string_value(b, creator);
	json_builder_end_array(b);
	json_builder_end_object(b);
}

char *strake_spdx_format(
	const StrakeSpdxDocument *document, const StrakeSpdxPackage *packages, size_t n_packages)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = NULL;

	json_builder_begin_object(b);
	add_head(b, document);
	json_builder_set_member_name(b, "packages");
	json_builder_begin_array(b);
	add_root_package(b, document);
	for (size_t i = 0; i < n_packages; i++)
		add_package(b, &packages[i], i);
	json_builder_end_array(b);
	json_builder_set_member_name(b, "relationships");
	json_builder_begin_array(b);
	add_relationship(b, "SPDXRef-DOCUMENT", "DESCRIBES", ROOT_ID);
	for (size_t i = 0; i < n_packages; i++) {
		g_autofree char *id = g_strdup_printf("SPDXRef-Package-%zu", i + 1);
		add_relationship(b, ROOT_ID, "CONTAINS", id);
	}
	json_builder_end_array(b);
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	json_generator_set_root(generator, root);
	json_generator_set_pretty(generator, TRUE);
	json_generator_set_indent(generator, 1);
	return json_generator_to_data(generator, NULL);
}
