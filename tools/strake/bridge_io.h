// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the bridge commands share: opening project, store and bridge, and the JSON of results.
#pragma once

#include "bridge/bridge.h"
#include "cli/command.h"

typedef struct {
	StrakeProject *project; // NULL: none was found, and none is needed
	StrakeStore *store;
	StrakeBridge *bridge;
} BridgeContext;

bool bridge_open(const StrakeGlobals *globals, bool need_project,
	const StrakeBridgeOptions *options, BridgeContext *out, GError **error);
void bridge_close(BridgeContext *context);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BridgeContext, bridge_close)

/** bridge_print_json: an array of results on standard output. */
void bridge_print_json(const GPtrArray *results);
