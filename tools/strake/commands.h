// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// All commands of strake, one cmd_<verb>.c each.
#pragma once

#include "cli/command.h"

extern const StrakeCmd strake_cmd_bridge_convert;
extern const StrakeCmd strake_cmd_bridge_coverage;
extern const StrakeCmd strake_cmd_bridge_import;
extern const StrakeCmd strake_cmd_bridge_inspect;
extern const StrakeCmd strake_cmd_bridge_script;
extern const StrakeCmd strake_cmd_build;
extern const StrakeCmd strake_cmd_changes;
extern const StrakeCmd strake_cmd_component_add;
extern const StrakeCmd strake_cmd_component_changed;
extern const StrakeCmd strake_cmd_component_explain;
extern const StrakeCmd strake_cmd_component_history;
extern const StrakeCmd strake_cmd_component_update;
extern const StrakeCmd strake_cmd_component_list;
extern const StrakeCmd strake_cmd_component_diff_sources;
extern const StrakeCmd strake_cmd_component_prepare_sources;
extern const StrakeCmd strake_cmd_component_query;
extern const StrakeCmd strake_cmd_component_render;
extern const StrakeCmd strake_cmd_component_show;
extern const StrakeCmd strake_cmd_config_check;
extern const StrakeCmd strake_cmd_overlay_apply;
extern const StrakeCmd strake_cmd_overlay_check;
extern const StrakeCmd strake_cmd_image_boot;
extern const StrakeCmd strake_cmd_image_build;
extern const StrakeCmd strake_cmd_image_list;
extern const StrakeCmd strake_cmd_image_report;
extern const StrakeCmd strake_cmd_pkg_install;
extern const StrakeCmd strake_cmd_pkg_solve;
extern const StrakeCmd strake_cmd_spec_parse;
extern const StrakeCmd strake_cmd_spec_print;
extern const StrakeCmd strake_cmd_upstream_fetch;
extern const StrakeCmd strake_cmd_upstream_list;
extern const StrakeCmd strake_cmd_upstream_status;
extern const StrakeCmd strake_cmd_upstream_update;
extern const StrakeCmd strake_cmd_repo_check;
extern const StrakeCmd strake_cmd_repo_key;
extern const StrakeCmd strake_cmd_repo_publish;
extern const StrakeCmd strake_cmd_config_dump;
extern const StrakeCmd strake_cmd_config_schema;
