// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Files of one directory over HTTP on the loopback address, for machines that are booted for a
// test: GET and HEAD, one request a connection, nothing else. Not for a network.
#pragma once

#include <glib.h>

typedef struct StrakeServe StrakeServe;

/** strake_serve_start: serves @dir in threads of its own on a free port of 127.0.0.1. */
StrakeServe *strake_serve_start(const char *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
unsigned strake_serve_port(const StrakeServe *serve);
void strake_serve_stop(StrakeServe *serve);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeServe, strake_serve_stop)
