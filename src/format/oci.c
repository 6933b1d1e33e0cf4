// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// OCI documents by json-glib, members in the specification's order so that bytes are stable.
#include "format/oci.h"

#include <json-glib/json-glib.h>
#include <string.h>

static char *finish(JsonBuilder *builder)
{
	g_autoptr(JsonNode) root = json_builder_get_root(builder);

	return json_to_string(root, FALSE);
}

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	json_builder_set_member_name(b, name);
	json_builder_add_string_value(b, value);
}

static void add_digest(JsonBuilder *b, const char *name, const char *sha256)
{
	g_autofree char *digest = g_strconcat("sha256:", sha256, NULL);

	add_string(b, name, digest);
}

static void add_list(JsonBuilder *b, const char *name, const char *const *values)
{
	if (values == NULL)
		return;
	json_builder_set_member_name(b, name);
	json_builder_begin_array(b);
	for (; *values != NULL; values++)
		json_builder_add_string_value(b, *values);
	json_builder_end_array(b);
}

static void add_map(JsonBuilder *b, const char *name, const char *const *pairs)
{
	if (pairs == NULL)
		return;
	json_builder_set_member_name(b, name);
	json_builder_begin_object(b);
	for (; *pairs != NULL; pairs++) {
		const char *equals = strchr(*pairs, '=');
		g_autofree char *key = NULL;

		g_return_if_fail(equals != NULL);
		key = g_strndup(*pairs, (size_t)(equals - *pairs));
		add_string(b, key, equals + 1);
	}
	json_builder_end_object(b);
}

static void add_created(JsonBuilder *b, int64_t created_s)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(created_s);
	g_autofree char *text = g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ");

	add_string(b, "created", text);
}

static void add_blob(JsonBuilder *b, const StrakeOciBlob *blob)
{
	add_string(b, "mediaType", blob->media_type);
	add_digest(b, "digest", blob->sha256);
	json_builder_set_member_name(b, "size");
	json_builder_add_int_value(b, (gint64)blob->size_bytes);
}

static void add_run_config(JsonBuilder *b, const StrakeOciConfig *config)
{
	json_builder_set_member_name(b, "config");
	json_builder_begin_object(b);
	add_string(b, "User", config->user);
	add_list(b, "Env", config->environment);
	add_list(b, "Entrypoint", config->entrypoint);
	add_list(b, "Cmd", config->command);
	add_string(b, "WorkingDir", config->working_dir);
	add_map(b, "Labels", config->labels);
	json_builder_end_object(b);
}

char *strake_oci_config(const StrakeOciConfig *config, const char *diff_id)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autofree char *diff = g_strconcat("sha256:", diff_id, NULL);
	const char *diffs[] = {diff, NULL};

	json_builder_begin_object(b);
	add_created(b, config->created_s);
	add_string(b, "architecture", config->architecture);
	add_string(b, "os", "linux");
	add_run_config(b, config);
	json_builder_set_member_name(b, "rootfs");
	json_builder_begin_object(b);
	add_string(b, "type", "layers");
	add_list(b, "diff_ids", diffs);
	json_builder_end_object(b);
	json_builder_set_member_name(b, "history");
	json_builder_begin_array(b);
	json_builder_begin_object(b);
	add_created(b, config->created_s);
	add_string(b, "created_by", "strake image build");
	json_builder_end_object(b);
	json_builder_end_array(b);
	json_builder_end_object(b);
	return finish(b);
}

char *strake_oci_manifest(
	const StrakeOciBlob *config, const StrakeOciBlob *layer, const StrakeOciConfig *source)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_object(b);
	json_builder_set_member_name(b, "schemaVersion");
	json_builder_add_int_value(b, 2);
	add_string(b, "mediaType", STRAKE_OCI_TYPE_MANIFEST);
	json_builder_set_member_name(b, "config");
	json_builder_begin_object(b);
	add_blob(b, config);
	json_builder_end_object(b);
	json_builder_set_member_name(b, "layers");
	json_builder_begin_array(b);
	json_builder_begin_object(b);
	add_blob(b, layer);
	json_builder_end_object(b);
	json_builder_end_array(b);
	add_map(b, "annotations", source->labels);
	json_builder_end_object(b);
	return finish(b);
}

char *strake_oci_index(
	const StrakeOciBlob *manifest, const char *architecture, const char *reference)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_object(b);
	json_builder_set_member_name(b, "schemaVersion");
	json_builder_add_int_value(b, 2);
	add_string(b, "mediaType", STRAKE_OCI_TYPE_INDEX);
	json_builder_set_member_name(b, "manifests");
	json_builder_begin_array(b);
	json_builder_begin_object(b);
	add_blob(b, manifest);
	json_builder_set_member_name(b, "platform");
	json_builder_begin_object(b);
	add_string(b, "architecture", architecture);
	add_string(b, "os", "linux");
	json_builder_end_object(b);
	json_builder_set_member_name(b, "annotations");
	json_builder_begin_object(b);
	add_string(b, "org.opencontainers.image.ref.name", reference);
	json_builder_end_object(b);
	json_builder_end_object(b);
	json_builder_end_array(b);
	json_builder_end_object(b);
	return finish(b);
}

char *strake_oci_docker_manifest(
	const StrakeOciBlob *config, const StrakeOciBlob *layer, const char *reference)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autofree char *config_path = strake_oci_blob_path(config->sha256);
	g_autofree char *layer_path = strake_oci_blob_path(layer->sha256);
	const char *tags[] = {reference, NULL};
	const char *layers[] = {layer_path, NULL};

	json_builder_begin_array(b);
	json_builder_begin_object(b);
	add_string(b, "Config", config_path);
	add_list(b, "RepoTags", tags);
	add_list(b, "Layers", layers);
	json_builder_end_object(b);
	json_builder_end_array(b);
	return finish(b);
}

char *strake_oci_blob_path(const char *sha256)
{
	return g_strconcat("blobs/sha256/", sha256, NULL);
}
