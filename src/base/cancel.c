// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The signal handler sets a flag and nothing else; the default action returns for a second signal.
#include "base/cancel.h"

#include <signal.h>

#include "base/error.h"

static volatile sig_atomic_t caught;

static void on_signal(int signal_number)
{
	caught = signal_number;
}

void strake_cancel_install(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool strake_cancel_requested(void)
{
	return caught != 0;
}

bool strake_cancel_check(GError **error)
{
	if (caught == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_CANCELLED, "stopped by signal %d", (int)caught);
}
