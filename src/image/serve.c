// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A thread a connection over GThreadedSocketService; paths are resolved below the directory.
#include "image/serve.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

enum { REQUEST_MAX = 16 * 1024, CHUNK = 256 * 1024 };

struct StrakeServe {
	int dir_fd;
	unsigned port;
	GSocketService *service;
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread;
};

// Reads up to the empty line that ends a request; returns its first line.
static char *read_request(GInputStream *in)
{
	g_autofree char *buffer = g_malloc(REQUEST_MAX + 1);
	size_t n = 0;

	while (n < REQUEST_MAX) {
		gssize got = g_input_stream_read(in, buffer + n, REQUEST_MAX - n, NULL, NULL);
		if (got <= 0)
			return NULL;
		n += (size_t)got;
		buffer[n] = '\0';
		if (strstr(buffer, "\r\n\r\n") != NULL)
			return g_strndup(buffer, strcspn(buffer, "\r\n"));
	}
	return NULL;
}

static void answer(GOutputStream *out, const char *status, uint64_t size)
{
	g_autofree char *head = g_strdup_printf(
		"HTTP/1.1 %s\r\nContent-Length: %" G_GUINT64_FORMAT
		"\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n",
		status, size);

	g_output_stream_write_all(out, head, strlen(head), NULL, NULL, NULL);
}

static void send_file(GOutputStream *out, int fd, uint64_t size)
{
	g_autofree char *chunk = g_malloc(CHUNK);

	while (size > 0) {
		size_t got = 0;

		if (!strake_fd_read_full(fd, chunk, MIN(size, CHUNK), &got, "file", NULL) ||
			got == 0 || !g_output_stream_write_all(out, chunk, got, NULL, NULL, NULL))
			return;
		size -= got;
	}
}

static gboolean on_connection(GThreadedSocketService *service, GSocketConnection *connection,
	GObject *source, gpointer data)
{
	StrakeServe *serve = data;
	GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
	g_autofree char *line = read_request(in);
	g_auto(GStrv) words = line != NULL ? g_strsplit(line, " ", 3) : NULL;
	g_autofree char *path = NULL;
	g_auto(strake_fd) fd = -1;
	struct stat st;
	bool head;

	(void)service;
	(void)source;
	if (words == NULL || g_strv_length(words) != 3)
		return TRUE;
	head = strcmp(words[0], "HEAD") == 0;
	if (!head && strcmp(words[0], "GET") != 0) {
		answer(out, "405 Method Not Allowed", 0);
		return TRUE;
	}
	words[1][strcspn(words[1], "?#")] = '\0';
	path = g_uri_unescape_string(words[1], NULL);
	while (path != NULL && *path == '/')
		memmove(path, path + 1, strlen(path));
	if (path == NULL || !strake_path_is_clean(path) ||
		!strake_path_open_beneath(
			serve->dir_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd, NULL) ||
		fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		answer(out, "404 Not Found", 0);
		return TRUE;
	}
	answer(out, "200 OK", (uint64_t)st.st_size);
	if (!head)
		send_file(out, fd, (uint64_t)st.st_size);
	return TRUE;
}

static gpointer run_loop(gpointer data)
{
	StrakeServe *serve = data;

	g_main_context_push_thread_default(serve->context);
	g_main_loop_run(serve->loop);
	g_main_context_pop_thread_default(serve->context);
	return NULL;
}

StrakeServe *strake_serve_start(const char *dir, GError **error)
{
	g_autoptr(StrakeServe) serve = g_new0(StrakeServe, 1);
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) bound = NULL;
	bool ok;

	serve->dir_fd = -1;
	if (!strake_path_open_dir(AT_FDCWD, dir, &serve->dir_fd, error))
		return NULL;
	serve->context = g_main_context_new();
	serve->loop = g_main_loop_new(serve->context, FALSE);
	// The service accepts in the context that is the default of the thread that starts it.
	g_main_context_push_thread_default(serve->context);
	serve->service = g_threaded_socket_service_new(16);
	g_signal_connect(serve->service, "run", G_CALLBACK(on_connection), serve);
	ok = g_socket_listener_add_address(G_SOCKET_LISTENER(serve->service), wanted,
		G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, error);
	if (ok)
		g_socket_service_start(serve->service);
	g_main_context_pop_thread_default(serve->context);
	if (!ok) {
		g_prefix_error(error, "serve '%s': ", dir);
		return NULL;
	}
	serve->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	serve->thread = g_thread_new("serve", run_loop, serve);
	return g_steal_pointer(&serve);
}

unsigned strake_serve_port(const StrakeServe *serve)
{
	return serve->port;
}

void strake_serve_stop(StrakeServe *serve)
{
	if (serve == NULL)
		return;
	if (serve->thread != NULL) {
		g_main_loop_quit(serve->loop);
		g_thread_join(serve->thread);
	}
	if (serve->service != NULL) {
		g_socket_service_stop(serve->service);
		g_socket_listener_close(G_SOCKET_LISTENER(serve->service));
		g_object_unref(serve->service);
	}
	g_clear_pointer(&serve->loop, g_main_loop_unref);
	g_clear_pointer(&serve->context, g_main_context_unref);
	strake_fd_clear(&serve->dir_fd);
	g_free(serve);
}
