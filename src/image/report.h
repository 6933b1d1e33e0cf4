// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Where an image's space goes: by package, by top directory, as text and as one page with a
// treemap.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct StrakeReport StrakeReport;

StrakeReport *strake_report_new(const char *title);
void strake_report_free(StrakeReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeReport, strake_report_free)

/**
 * strake_report_add: one file. @path: absolute, in the image; @bytes: what it takes there;
 * @package: its owner, or NULL for what the image build made ("generated").
 */
void strake_report_add(StrakeReport *report, const char *path, uint64_t bytes, const char *package);
uint64_t strake_report_total(const StrakeReport *report);

/** strake_report_text: the largest @rows packages and directories. Free with g_free. */
char *strake_report_text(StrakeReport *report, unsigned rows);
/** strake_report_json: totals by package and directory. Free with g_free. */
char *strake_report_json(StrakeReport *report);
/** strake_report_html: a page without outside references. Free with g_free. */
char *strake_report_html(StrakeReport *report);
