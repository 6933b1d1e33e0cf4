// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// [images.NAME] as data. Adding a key: a member here and a row in image_table.c.
// Format: docs/images.md.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef enum {
	STRAKE_IMAGE_DISK,
	STRAKE_IMAGE_OCI,
	STRAKE_IMAGE_WSL,
	STRAKE_IMAGE_ISO,
} StrakeImageKind;

typedef enum {
	STRAKE_FILESYSTEM_EXT4,
	STRAKE_FILESYSTEM_EROFS,
} StrakeFilesystem;

typedef enum {
	STRAKE_SELINUX_UNSET, // off: no policy in the image
	STRAKE_SELINUX_DISABLED,
	STRAKE_SELINUX_PERMISSIVE,
	STRAKE_SELINUX_ENFORCING,
} StrakeSelinuxMode;

/** One file put into the image; exactly one of @source, @lines, @target. */
typedef struct {
	StrakeOrigin at;
	char *path;   // absolute in the image
	char *source; // absolute path of a file to copy
	char **lines; // content
	char *target; // symbolic link
	int mode;     // permission bits; -1: 0644
	char *owner;  // NULL: root
	char *group;
} StrakeImageFile;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;

	struct {
		char *type; // "strake" or another tool's ("kiwi"), which we only list
		char *path;
		char *profile;
	} definition;
	struct {
		bool machine_bootable, container, systemd, runtime_package_management;
	} capabilities;
	char **publish_channels;
	GPtrArray *test_suites; // of StrakeImageTest, or NULL

	// The rest only with definition.type = "strake".
	char *base; // name of an image whose values this one starts with, or NULL
	StrakeImageKind kind;
	bool build_only;        // its packages need not be in the repository
	char **packages;        // RPM names or dependencies to install
	char **exclude;         // globs of absolute paths dropped from the packages
	bool docs;              // keep documentation
	char **locales;         // locale names kept; NULL: none
	bool weak_dependencies; // install Recommends
	char **outputs;         // "raw", "qcow2", "vhd", "oci", "archive", "wsl", "iso"
	StrakeFilesystem filesystem;
	uint64_t root_size_bytes; // 0: as large as needed
	uint64_t esp_size_bytes;  // 0: default
	uint64_t disk_size_bytes; // 0: as large as needed
	char *hostname;
	char *timezone;
	char **kernel_command_line;
	char **presets_enable; // units
	char **presets_disable;
	char **initrd_modules; // kernel modules added to the initrd
	struct {
		StrakeSelinuxMode mode;
		char *policy; // "targeted"
		char **disabled_modules;
		char **cil; // absolute paths of local policy files
	} selinux;
	GPtrArray *files;    // of StrakeImageFile, or NULL
	char **repositories; // URLs or paths; NULL: the project's own
	char *entrypoint_user;
	char **entrypoint; // oci
	char **command;
	char **environment; // "NAME=value"
} StrakeImageDef;

typedef struct {
	StrakeOrigin at;
	char *name;
} StrakeImageTest;
