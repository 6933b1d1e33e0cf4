// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The RPM package value: making, filling and freeing it.
#include <string.h>

#include "format/rpm_package.h"

static void dep_free(gpointer data)
{
	StrakeRpmDep *dep = data;

	g_free(dep->name);
	g_free(dep->evr);
	g_free(dep);
}

static void trigger_free(gpointer data)
{
	StrakeRpmFileTrigger *trigger = data;

	g_free(trigger->interpreter);
	g_free(trigger->body);
	g_strfreev(trigger->prefixes);
	g_free(trigger);
}

void strake_rpm_file_free(StrakeRpmFile *file)
{
	if (file == NULL)
		return;
	g_free(file->path);
	g_free(file->user);
	g_free(file->group);
	g_free(file->target);
	g_free(file->lang);
	g_free(file->caps);
	g_clear_pointer(&file->content, g_bytes_unref);
	g_free(file);
}

StrakeRpmPackage *strake_rpm_package_new(
	const char *name, const char *version, const char *release, const char *arch)
{
	StrakeRpmPackage *package = g_new0(StrakeRpmPackage, 1);

	package->name = g_strdup(name);
	package->version = g_strdup(version);
	package->release = g_strdup(release);
	package->arch = g_strdup(arch);
	package->epoch = -1;
	package->source_rpm = g_strdup_printf("%s-%s-%s.src.rpm", name, version, release);
	for (int kind = 0; kind < STRAKE_RPM_N_DEP_KINDS; kind++)
		package->deps[kind] = g_ptr_array_new_with_free_func(dep_free);
	package->files = g_ptr_array_new_with_free_func((GDestroyNotify)strake_rpm_file_free);
	package->file_triggers = g_ptr_array_new_with_free_func(trigger_free);
	return package;
}

void strake_rpm_package_free(StrakeRpmPackage *package)
{
	if (package == NULL)
		return;
	char *strings[] = {package->name, package->version, package->release, package->arch,
		package->summary, package->description, package->license, package->group,
		package->vendor, package->url, package->packager, package->source_rpm};

	for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
		g_free(strings[i]);
	for (int kind = 0; kind < STRAKE_RPM_N_DEP_KINDS; kind++)
		g_ptr_array_unref(package->deps[kind]);
	g_ptr_array_unref(package->files);
	g_ptr_array_unref(package->file_triggers);
	g_free(package);
}

void strake_rpm_package_add_dep(StrakeRpmPackage *package, StrakeRpmDepKind kind, const char *name,
	const char *evr, uint32_t flags)
{
	StrakeRpmDep *dep = g_new0(StrakeRpmDep, 1);

	dep->name = g_strdup(name);
	dep->evr = g_strdup(evr != NULL ? evr : "");
	dep->flags = flags;
	g_ptr_array_add(package->deps[kind], dep);
}

char *strake_rpm_package_evr(const StrakeRpmPackage *package)
{
	if (package->epoch >= 0)
		return g_strdup_printf("%" G_GINT64_FORMAT ":%s-%s", package->epoch,
			package->version, package->release);
	return g_strdup_printf("%s-%s", package->version, package->release);
}

char *strake_rpm_package_file_name(const StrakeRpmPackage *package)
{
	return g_strdup_printf("%s-%s-%s.%s.rpm", package->name, package->version, package->release,
		package->arch);
}

StrakeRpmFile *strake_rpm_package_add_file(
	StrakeRpmPackage *package, const char *path, uint32_t mode)
{
	StrakeRpmFile *file = g_new0(StrakeRpmFile, 1);

	file->path = g_strdup(path);
	file->mode = mode;
	file->user = g_strdup("root");
	file->group = g_strdup("root");
	file->nlink = 1;
	g_ptr_array_add(package->files, file);
	return file;
}

StrakeRpmFile *strake_rpm_package_add_content(
	StrakeRpmPackage *package, const char *path, uint32_t permissions, GBytes *content)
{
	StrakeRpmFile *file = strake_rpm_package_add_file(package, path, S_IFREG | permissions);

	file->content = g_bytes_ref(content);
	file->size = g_bytes_get_size(content);
	return file;
}

StrakeRpmFile *strake_rpm_package_add_link(
	StrakeRpmPackage *package, const char *path, const char *target)
{
	StrakeRpmFile *file = strake_rpm_package_add_file(package, path, S_IFLNK | 0777);

	file->target = g_strdup(target);
	file->size = strlen(target);
	return file;
}

StrakeRpmFile *strake_rpm_package_add_dir(
	StrakeRpmPackage *package, const char *path, uint32_t permissions)
{
	return strake_rpm_package_add_file(package, path, S_IFDIR | permissions);
}

void strake_rpm_package_add_file_trigger(StrakeRpmPackage *package, bool transaction, uint32_t when,
	const char *interpreter, const char *body, const char *const *prefixes)
{
	StrakeRpmFileTrigger *trigger = g_new0(StrakeRpmFileTrigger, 1);

	trigger->transaction = transaction;
	trigger->when = when;
	trigger->priority = 1000000;
	trigger->interpreter = g_strdup(interpreter);
	trigger->body = g_strdup(body);
	trigger->prefixes = g_strdupv((char **)prefixes);
	g_ptr_array_add(package->file_triggers, trigger);
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
	const StrakeRpmFile *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

void strake_rpm_package_sort_files(StrakeRpmPackage *package)
{
	g_ptr_array_sort(package->files, compare_paths);
}
