// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Space reports: sums, order, and a page that no file name can break out of.
#include "image/report.h"

#include <string.h>

static StrakeReport *sample(void)
{
	StrakeReport *report = strake_report_new("vm-base");

	strake_report_add(report, "/usr/bin/bash", 1000000, "bash");
	strake_report_add(report, "/usr/lib/x86_64-linux-gnu/libc.so.6", 2000000, "glibc");
	strake_report_add(report, "/usr/lib/x86_64-linux-gnu/libm.so.6", 500000, "glibc");
	strake_report_add(report, "/etc/ld.so.cache", 20000, NULL);
	return report;
}

static void test_text(void)
{
	g_autoptr(StrakeReport) report = sample();
	g_autofree char *text = strake_report_text(report, 2);

	g_assert_cmpuint(strake_report_total(report), ==, 3520000);
	g_assert_true(g_str_has_prefix(text, "vm-base: 3.5 MB in 4 files of 3 packages\n"));
	g_assert_true(strstr(text, "\nglibc ") < strstr(text, "\nbash "));
	g_assert_nonnull(strstr(text, "... and 1 more"));
	g_assert_nonnull(strstr(text, "\n/usr/lib "));
}

static void test_page_is_safe(void)
{
	g_autoptr(StrakeReport) report = sample();
	g_autofree char *page = NULL;

	strake_report_add(report, "/x/</script><b>/f", 50000, "evil");
	page = strake_report_html(report);
	g_assert_null(strstr(page, "</script><b>"));
	g_assert_null(strstr(page, "@BOXES@"));
	g_assert_null(strstr(page, "http")); // nothing is loaded from elsewhere
	g_assert_nonnull(strstr(page, "[\"glibc\",\"/usr/lib/x86_64-linux-gnu\",2500000]"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/image/report/text", test_text);
	g_test_add_func("/image/report/page", test_page_is_safe);
	return g_test_run();
}
