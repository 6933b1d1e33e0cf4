// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Draws at most ten times a second; the clock is used for that and never reaches an output.
#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

struct StrakeProgress {
	char *title;
	uint64_t total;
	uint64_t done;
	bool bytes;
	gint64 last_draw_us;
};

static bool quiet_mode;
static bool line_open; // a bar without newline is on the terminal
static GMutex draw_lock;

void strake_progress_set_quiet(bool quiet)
{
	quiet_mode = quiet;
}

char *strake_size_text(uint64_t bytes)
{
	g_autofree char *text = g_format_size(bytes);
	g_auto(GStrv) parts = g_strsplit(text, "\u00a0", -1);

	return g_strjoinv(" ", parts);
}

static char *amount(const StrakeProgress *p, uint64_t units)
{
	return p->bytes ? strake_size_text(units) : g_strdup_printf("%" G_GUINT64_FORMAT, units);
}

static void clear_line(void)
{
	if (line_open)
		fputs("\r\033[K", stderr);
	line_open = false;
}

static void draw(StrakeProgress *p, const char *now)
{
	enum { WIDTH = 24 };
	g_autofree char *done = amount(p, p->done);
	g_autofree char *total = amount(p, p->total);
	char bar[WIDTH + 1];
	int full = p->total > 0 ? (int)(MIN(p->done, p->total) * WIDTH / p->total) : 0;

	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < full ? '=' : ' ';
	bar[WIDTH] = '\0';
	clear_line();
	if (p->total > 0)
		fprintf(stderr, "%-12s [%s] %s/%s %.30s", p->title, bar, done, total,
			now != NULL ? now : "");
	else
		fprintf(stderr, "%-12s %s %.30s", p->title, done, now != NULL ? now : "");
	fflush(stderr);
	line_open = true;
}

StrakeProgress *strake_progress_new(const char *title, uint64_t total, bool bytes)
{
	StrakeProgress *p = g_new0(StrakeProgress, 1);

	p->title = g_strdup(title);
	p->total = total;
	p->bytes = bytes;
	return p;
}

void strake_progress_add(StrakeProgress *p, uint64_t units, const char *now)
{
	gint64 time_us = g_get_monotonic_time();

	g_mutex_lock(&draw_lock);
	p->done += units;
	if (!quiet_mode && isatty(STDERR_FILENO) && time_us - p->last_draw_us > 100000) {
		p->last_draw_us = time_us;
		draw(p, now);
	}
	g_mutex_unlock(&draw_lock);
}

void strake_progress_end(StrakeProgress *p)
{
	g_autofree char *done = NULL;

	if (p == NULL)
		return;
	done = amount(p, p->done);
	g_mutex_lock(&draw_lock);
	clear_line();
	if (!quiet_mode && p->done > 0)
		fprintf(stderr, "%-12s %s\n", p->title, done);
	g_mutex_unlock(&draw_lock);
	g_free(p->title);
	g_free(p);
}

G_GNUC_PRINTF(2, 0)
static void say(const char *prefix, const char *format, va_list args)
{
	g_mutex_lock(&draw_lock);
	clear_line();
	fputs(prefix, stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	g_mutex_unlock(&draw_lock);
}

void strake_say(const char *format, ...)
{
	va_list args;

	if (quiet_mode)
		return;
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void strake_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("warning: ", format, args);
	va_end(args);
}
