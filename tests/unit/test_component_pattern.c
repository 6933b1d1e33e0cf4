// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Components whose name is a glob: they stand for names that no component has.
#include <string.h>

#include "base/file.h"
#include "project/project.h"

static const char definitions[] =
	"[components.\"linux-image-*-cloud-amd64\"]\n"
	"overlays = [{ type = \"package-rename\", value = \"kernel-image\", description = \"d\" "
	"}]\n"
	"[components.linux-image-9-cloud-amd64]\n"
	"overlays = [{ type = \"package-rename\", value = \"nine\", description = \"d\" }]\n"
	"[components.\"linux-*\"]\n"
	"overlays = [{ type = \"package-rename\", value = \"late\", description = \"d\" }]\n";

static void test_resolve(void)
{
	static const struct {
		const char *name;
		const char *renamed; // NULL: no overlay
	} rows[] = {
		{"linux-image-7.2.12+deb14-cloud-amd64", "kernel-image"}, // the glob
		{"linux-image-9-cloud-amd64",            "nine"        }, // a component of that name wins
		{"linux-image-cloud-amd64",              "late"        }, // only the wider glob fits: "linux-*"
		{"linux-base-7-amd64",                   "late"        },
		{"bash",				 NULL          },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeProject) project = NULL;

	g_assert_true(strake_file_write_at(
		dir->fd, "strake.toml", definitions, strlen(definitions), 0644, &error));
	project = strake_project_load(
		dir->path, &(StrakeProjectOptions){.no_user_config = true}, &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, rows[i].name, &error);
		const StrakeOverlay *overlay;

		g_assert_no_error(error);
		g_assert_cmpstr(component->name, ==, rows[i].name);
		g_assert_cmpuint(component->overlays->len, ==, rows[i].renamed != NULL ? 1 : 0);
		if (rows[i].renamed == NULL)
			continue;
		overlay = component->overlays->pdata[0];
		g_assert_cmpstr(overlay->value, ==, rows[i].renamed);
	}
}

static void test_bad_glob(void)
{
	static const char bad[] = "[components.\"a*{b\"]\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);

	g_assert_true(strake_file_write_at(dir->fd, "strake.toml", bad, strlen(bad), 0644, &error));
	g_assert_null(strake_project_load(
		dir->path, &(StrakeProjectOptions){.no_user_config = true}, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "component 'a*{b'"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/component_pattern/resolve", test_resolve);
	g_test_add_func("/component_pattern/bad_glob", test_bad_glob);
	return g_test_run();
}
