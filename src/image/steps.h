// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What follows the installation of packages: accounts, caches, presets, configuration, the SELinux
// policy. An ordered table; each step is a program of the image itself, run in the sandbox, or a
// function. Steps whose inputs did not change are taken from the store.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/toolbox.h"
#include "project/image_def.h"
#include "store/store.h"

typedef struct {
	StrakeStore *store;
	const StrakeImageDef *def;
	const char *root;             // host path of the tree
	const StrakeToolbox *toolbox; // for the SELinux policy; NULL: none is built
	const char *kernel;           // version, NULL: no kernel in the tree
	int64_t time_s;
} StrakeSteps;

/** strake_steps_run: all steps that apply to the image. Errors: those of the step, named. */
bool strake_steps_run(const StrakeSteps *steps, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_steps_policy_name: the SELinux policy's name, or NULL when the image has none. */
const char *strake_steps_policy_name(const StrakeImageDef *def);
