// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// SPDX documents: licence expressions told from prose, purls escaped, relations complete.
#include <json-glib/json-glib.h>

#include "format/spdx.h"

static void test_licenses(void)
{
	static const struct {
		const char *text;
		gboolean ok;
	} rows[] = {
		{"MIT",				  TRUE },
		{"GPL-2.0-or-later AND MIT",             TRUE },
		{"(MIT OR Apache-2.0) AND BSD-3-Clause", TRUE },
		{"GPL-2.0-only WITH Linux-syscall-note", TRUE },
		{"",				     FALSE},
		{"see copyright file",                   FALSE},
		{"MIT AND",			      FALSE},
		{"(MIT",				 FALSE},
		{"MIT)",				 FALSE},
		{"AND MIT",			      FALSE},
		{"MIT, BSD",			     FALSE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("'%s'", rows[i].text);
		g_assert_cmpint(strake_spdx_is_license(rows[i].text), ==, rows[i].ok);
	}
}

static void test_purl(void)
{
	const StrakeSpdxPackage p = {.name = "libstdc++",
		.epoch = "1",
		.version = "15.2^b1",
		.release = "1.br1",
		.architecture = "x86_64"};
	g_autofree char *purl = strake_spdx_purl(&p);

	g_assert_cmpstr(
		purl, ==, "pkg:rpm/strake/libstdc%2B%2B@15.2%5Eb1-1.br1?arch=x86_64&epoch=1");
}

static void test_document(void)
{
	const StrakeSpdxDocument document = {"vm-base", "1", "abc", 1700000000, "strake-test"};
	const StrakeSpdxPackage packages[] = {
		{.name = "bash",
                 .version = "5.3",
                 .release = "1",
                 .license = "GPL-3.0-or-later",
                 .sha256 = "00"},
		{.name = "zlib",              .version = "1.3", .release = "1", .license = "see copyright file"},
	};
	g_autofree char *text = strake_spdx_format(&document, packages, G_N_ELEMENTS(packages));
	g_autofree char *again = strake_spdx_format(&document, packages, G_N_ELEMENTS(packages));
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonObject *root, *zlib;

	g_assert_cmpstr(text, ==, again);
	g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
	root = json_node_get_object(json_parser_get_root(parser));
	g_assert_cmpstr(json_object_get_string_member(root, "spdxVersion"), ==, "SPDX-2.3");
	g_assert_cmpint(
		json_array_get_length(json_object_get_array_member(root, "packages")), ==, 3);
	g_assert_cmpint(
		json_array_get_length(json_object_get_array_member(root, "relationships")), ==, 3);
	zlib = json_array_get_object_element(json_object_get_array_member(root, "packages"), 2);
	g_assert_cmpstr(json_object_get_string_member(zlib, "licenseDeclared"), ==, "NOASSERTION");
	g_assert_cmpstr(
		json_object_get_string_member(zlib, "licenseComments"), ==, "see copyright file");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/spdx/licenses", test_licenses);
	g_test_add_func("/format/spdx/purl", test_purl);
	g_test_add_func("/format/spdx/document", test_document);
	return g_test_run();
}
