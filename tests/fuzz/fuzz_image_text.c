// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Image documents made of any text: OCI and SPDX must stay JSON that a parser takes.
#include <json-glib/json-glib.h>
#include <stdint.h>
#include <string.h>

#include "format/oci.h"
#include "format/spdx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_json(char *text)
{
	g_autofree char *json = text;
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) error = NULL;

	json_parser_load_from_data(parser, json, -1, &error);
	g_assert_no_error(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", 16);
	g_autofree char *label = g_strconcat("label=", valid, NULL);
	const char *const labels[] = {label, NULL};
	const char *first = lines[0] != NULL ? lines[0] : "";
	const StrakeOciBlob blob = {STRAKE_OCI_TYPE_CONFIG, first, size};
	const StrakeOciConfig config = {
		.architecture = first,
		.entrypoint = (const char *const *)lines,
		.environment = (const char *const *)lines,
		.working_dir = first,
		.user = first,
		.labels = labels,
		.created_s = (int64_t)size,
	};
	const StrakeSpdxPackage package = {.name = first,
		.version = "1",
		.release = "1",
		.architecture = first,
		.license = valid,
		.summary = valid,
		.upstream = first};
	const StrakeSpdxDocument document = {
		.name = first, .version = "1", .sha256 = first, .created_s = 0, .tool = "fuzz"};

	take_json(strake_oci_config(&config, first));
	take_json(strake_oci_manifest(&blob, &blob, &config));
	take_json(strake_oci_index(&blob, first, first));
	take_json(strake_oci_docker_manifest(&blob, &blob, first));
	take_json(strake_spdx_format(&document, &package, 1));
	g_free(strake_spdx_purl(&package));
	strake_spdx_is_license(text);
	return 0;
}
