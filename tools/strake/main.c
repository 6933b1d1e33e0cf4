// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The strake program: the command list and nothing else.
#include "commands.h"

// In the order of the pipeline: define, lock, render, build, publish, compose, boot.
static const StrakeCmd *const commands[] = {
	&strake_cmd_config_check,
	&strake_cmd_spec_print,
	&strake_cmd_spec_parse,
	&strake_cmd_overlay_check,
	&strake_cmd_overlay_apply,
	&strake_cmd_bridge_convert,
	&strake_cmd_bridge_import,
	&strake_cmd_bridge_inspect,
	&strake_cmd_bridge_coverage,
	&strake_cmd_bridge_script,
	&strake_cmd_build,
	&strake_cmd_repo_publish,
	&strake_cmd_repo_check,
	&strake_cmd_repo_key,
	&strake_cmd_pkg_solve,
	&strake_cmd_pkg_install,
	&strake_cmd_image_list,
	&strake_cmd_image_build,
	&strake_cmd_image_boot,
	&strake_cmd_image_report,
	&strake_cmd_changes,
	&strake_cmd_upstream_list,
	&strake_cmd_upstream_status,
	&strake_cmd_upstream_update,
	&strake_cmd_upstream_fetch,
	&strake_cmd_config_dump,
	&strake_cmd_config_schema,
	&strake_cmd_component_changed,
	&strake_cmd_component_explain,
	&strake_cmd_component_history,
	&strake_cmd_component_update,
	&strake_cmd_component_list,
	&strake_cmd_component_diff_sources,
	&strake_cmd_component_prepare_sources,
	&strake_cmd_component_query,
	&strake_cmd_component_render,
	&strake_cmd_component_show,
	&strake_cmd_component_add,
	NULL,
};

int main(int argc, char **argv)
{
	static const StrakeCli cli = {
		.program = "strake",
		.summary = "define, build, ship, boot and update a distribution described on its "
			   "upstream",
		.version = STRAKE_VERSION,
		.commands = commands,
	};

	return strake_cli_main(&cli, argc, argv);
}
