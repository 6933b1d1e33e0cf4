// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The JSON documents of an OCI image with one layer: config, manifest, index, and the manifest.json
// that makes the same archive a Docker archive. Text only; src/image writes the blobs.
// Format: OCI image specification 1.1 (config.md, manifest.md, image-index.md, image-layout.md).
#pragma once

#include <glib.h>
#include <stdint.h>

#define STRAKE_OCI_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define STRAKE_OCI_TYPE_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define STRAKE_OCI_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define STRAKE_OCI_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define STRAKE_OCI_LAYOUT_JSON "{\"imageLayoutVersion\":\"1.0.0\"}"

/** A blob by digest. @sha256 is bare hexadecimal; "sha256:" is added in the text. */
typedef struct {
	const char *media_type;
	const char *sha256;
	uint64_t size_bytes;
} StrakeOciBlob;

/** How the container starts. All borrowed; NULL lists are left out. */
typedef struct {
	const char *architecture; // GOARCH name: "amd64"
	const char *const *entrypoint;
	const char *const *command;
	const char *const *environment; // "NAME=value"
	const char *working_dir;
	const char *user;
	const char *const *labels; // "key=value", sorted by the caller
	int64_t created_s;         // seconds since the epoch; the source date, never the clock
} StrakeOciConfig;

/** strake_oci_config: @diff_id: SHA-256 of the uncompressed layer. Free with g_free, as all here.
 */
char *strake_oci_config(const StrakeOciConfig *config, const char *diff_id);
char *strake_oci_manifest(
	const StrakeOciBlob *config, const StrakeOciBlob *layer, const StrakeOciConfig *source);
/** strake_oci_index: @reference: the name a client asks for ("strake/container-base:1"). */
char *strake_oci_index(
	const StrakeOciBlob *manifest, const char *architecture, const char *reference);
/** strake_oci_docker_manifest: Docker's manifest.json over the same blobs. */
char *strake_oci_docker_manifest(
	const StrakeOciBlob *config, const StrakeOciBlob *layer, const char *reference);
/** strake_oci_blob_path: "blobs/sha256/HEX". */
char *strake_oci_blob_path(const char *sha256);
