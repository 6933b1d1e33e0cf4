// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A poll loop over the pipes of a child. No main loop and no helper thread, so that it also works
// in a forked child that has only one thread.
#include "base/pump_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"

enum { CHUNK_BYTES = 64 * 1024, MAX_OUTS = 4 };

typedef struct {
	int fd;
	const uint8_t *data;
	size_t left;
} Input;

static void feed(Input *in)
{
	ssize_t n = write(in->fd, in->data, in->left);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	// A child that stops reading is not our failure: its exit status tells.
	if (n > 0) {
		in->data += n;
		in->left -= (size_t)n;
	}
	if (n < 0 || in->left == 0) {
		strake_fd_close(in->fd);
		in->fd = -1;
	}
}

// Returns false at the end of the pipe.
static bool drain(StrakePumpOut *out)
{
	uint8_t buffer[CHUNK_BYTES];
	ssize_t n = read(out->fd, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	g_byte_array_append(out->bytes, buffer, (guint)n);
	if (out->keep > 0 && out->bytes->len > 2 * out->keep + CHUNK_BYTES)
		g_byte_array_remove_range(out->bytes, 0, out->bytes->len - (guint)out->keep);
	return true;
}

static void start_input(Input *in, int fd, GBytes *input)
{
	*in = (Input){.fd = fd};
	if (fd < 0)
		return;
	// A blocking write of more than the pipe holds would wait for a child that waits for us;
	// and a child that ends early must give EPIPE, not end us.
	fcntl(fd, F_SETFL, O_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	in->data = input != NULL ? g_bytes_get_data(input, &in->left) : NULL;
	if (in->left == 0) {
		strake_fd_close(fd);
		in->fd = -1;
	}
}

bool strake_pump(int input_fd, GBytes *input, StrakePumpOut *outs, size_t n_outs, pid_t child,
	GError **error)
{
	bool open[MAX_OUTS] = {false};
	bool killed = false;
	Input in;

	g_return_val_if_fail(n_outs <= MAX_OUTS, false);
	start_input(&in, input_fd, input);
	for (size_t i = 0; i < n_outs; i++)
		open[i] = outs[i].fd >= 0;
	for (;;) {
		struct pollfd polls[MAX_OUTS + 1];
		bool any = in.fd >= 0;

		polls[n_outs] = (struct pollfd){.fd = in.fd, .events = POLLOUT};
		for (size_t i = 0; i < n_outs; i++) {
			polls[i] =
				(struct pollfd){.fd = open[i] ? outs[i].fd : -1, .events = POLLIN};
			any = any || open[i];
		}
		if (!any)
			return true;
		if (strake_cancel_requested() && !killed) {
			kill(child, SIGKILL);
			killed = true;
		}
		// The time-out only covers a signal that arrives between the check and poll().
		if (poll(polls, (nfds_t)n_outs + 1, 500) < 0 && errno != EINTR)
			return strake_error_errno(error, errno, "wait for", "child output");
		for (size_t i = 0; i < n_outs; i++)
			if (open[i] && polls[i].revents != 0)
				open[i] = drain(&outs[i]);
		if (in.fd >= 0 && polls[n_outs].revents != 0)
			feed(&in);
	}
}

// The last few lines say why a program failed; the rest would bury it.
char *strake_pump_tail(const GByteArray *bytes)
{
	enum { KEEP = 2000 };
	size_t size = bytes->len;
	size_t skip = size > KEEP ? size - KEEP : 0;
	g_autofree char *raw =
		size > 0 ? g_strndup((const char *)bytes->data + skip, size - skip) : g_strdup("");

	g_strchomp(raw);
	return g_utf8_make_valid(raw, -1);
}

bool strake_wait_child(pid_t child, const char *name, int *out_status, GError **error)
{
	int status = 0;
	pid_t got;

	do
		got = waitpid(child, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return strake_error_errno(error, errno, "wait for", name);
	*out_status = status;
	return true;
}
