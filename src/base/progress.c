// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// On a terminal one line, drawn at most ten times a second; elsewhere a line every ten seconds, so
// that a log shows what a long step is at. The clock never reaches an output of a command.
#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { DRAW_EVERY_US = 100000, LINE_EVERY_US = 10000000, SHOW_TIME_FROM_US = 1000000 };

struct StrakeProgress {
	char *title;
	char *now;
	uint64_t total;
	uint64_t done;
	bool bytes;
	gint64 begin_us;
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

// "", or " in 12 s" for what took long enough for a person to wait.
static char *elapsed(const StrakeProgress *p, const char *before, gint64 time_us)
{
	gint64 us = time_us - p->begin_us;

	return us < SHOW_TIME_FROM_US ? g_strdup("")
				      : g_strdup_printf("%s%d s", before, (int)(us / 1000000));
}

static char *counted(const StrakeProgress *p)
{
	g_autofree char *done = amount(p, p->done);
	g_autofree char *total = amount(p, p->total);

	return p->total > 0 ? g_strconcat(done, "/", total, NULL) : g_steal_pointer(&done);
}

static void draw(StrakeProgress *p, gint64 time_us)
{
	enum { WIDTH = 24 };
	g_autofree char *count = counted(p);
	g_autofree char *time = elapsed(p, " ", time_us);
	const char *now = p->now != NULL ? p->now : "";
	int full = p->total > 0 ? (int)(MIN(p->done, p->total) * WIDTH / p->total) : 0;

	p->last_draw_us = time_us;
	if (!isatty(STDERR_FILENO)) {
		fprintf(stderr, "%-12s %s%s%s%s\n", p->title, count, *now != '\0' ? " " : "", now,
			time);
		return;
	}
	clear_line();
	if (p->total > 0)
		fprintf(stderr, "%-12s [%.*s%*s] %s %.30s%s", p->title, full,
			"========================", WIDTH - full, "", count, now, time);
	else
		fprintf(stderr, "%-12s %s %.30s%s", p->title, count, now, time);
	fflush(stderr);
	line_open = true;
}

StrakeProgress *strake_progress_new(const char *title, uint64_t total, bool bytes)
{
	StrakeProgress *p = g_new0(StrakeProgress, 1);

	p->title = g_strdup(title);
	p->total = total;
	p->bytes = bytes;
	p->begin_us = g_get_monotonic_time();
	p->last_draw_us = isatty(STDERR_FILENO) ? 0 : p->begin_us; // a bar shows at once
	return p;
}

void strake_progress_add(StrakeProgress *p, uint64_t units, const char *now)
{
	gint64 time_us = g_get_monotonic_time();
	gint64 every_us = isatty(STDERR_FILENO) ? DRAW_EVERY_US : LINE_EVERY_US;

	g_mutex_lock(&draw_lock);
	p->done += units;
	if (now != NULL && g_strcmp0(p->now, now) != 0) {
		g_free(p->now);
		p->now = g_strdup(now);
	}
	if (!quiet_mode && time_us - p->last_draw_us > every_us)
		draw(p, time_us);
	g_mutex_unlock(&draw_lock);
}

void strake_progress_expect(StrakeProgress *p, uint64_t units)
{
	g_mutex_lock(&draw_lock);
	p->total += units;
	g_mutex_unlock(&draw_lock);
}

void strake_progress_end(StrakeProgress *p)
{
	g_autofree char *done = NULL;
	g_autofree char *time = NULL;

	if (p == NULL)
		return;
	done = amount(p, p->done);
	time = elapsed(p, " in ", g_get_monotonic_time());
	g_mutex_lock(&draw_lock);
	clear_line();
	if (!quiet_mode && p->done > 0)
		fprintf(stderr, "%-12s %s%s\n", p->title, done, time);
	g_mutex_unlock(&draw_lock);
	g_free(p->title);
	g_free(p->now);
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
