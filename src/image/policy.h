// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The image's SELinux policy, made from the modules below its /usr/share/selinux.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/steps.h"

/** strake_policy_build: into etc/selinux and var/lib/selinux; nothing for an image without. */
bool strake_policy_build(const StrakeSteps *steps, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_policy_salt: what decides the result beside the modules; free with g_free. */
char *strake_policy_salt(const StrakeSteps *steps);
