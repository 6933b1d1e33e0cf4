// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A virtual machine of QEMU with UEFI firmware, started from a disk image that it does not change.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"

typedef struct {
	const char *disk; // raw image
	const char *work; // scratch directory: overlay disk, firmware variables, key, console log
	uint64_t disk_bytes;       // size of the machine's disk; 0: 2 GiB; never below the image's
	unsigned memory_mib;       // 0: 1024
	unsigned cpus;             // 0: 2
	GBytes *secure_boot;       // certificate (DER) to enrol and enforce, or NULL
	const char *extra_cmdline; // NULL or more kernel parameters (not with Secure Boot)
	bool interactive;          // serial console on our standard input and output
	StrakeProgress *progress;  // shows the seconds while somebody waits, or NULL; borrowed
} StrakeMachineOptions;

typedef struct StrakeMachine StrakeMachine;

/** strake_machine_start: makes an ssh key, gives it to the machine as a credential, starts it.
 * Errors: NOT_FOUND naming the program or firmware that is missing and its Debian package. */
StrakeMachine *strake_machine_start(
	const StrakeMachineOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_machine_free: ends the machine if it still runs. */
void strake_machine_free(StrakeMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeMachine, strake_machine_free)

unsigned strake_machine_ssh_port(const StrakeMachine *machine);
const char *strake_machine_key_path(const StrakeMachine *machine);
/** strake_machine_console: what the serial console printed so far; free with g_free. */
char *strake_machine_console(const StrakeMachine *machine);
bool strake_machine_is_running(StrakeMachine *machine);

/** strake_machine_wait: until it ends by itself. Errors: FAILED when @timeout_s pass, CANCELLED. */
bool strake_machine_wait(
	StrakeMachine *machine, unsigned timeout_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_machine_ssh: runs the shell text @script as root inside.
 * Returns its output; NULL with FAILED when ssh or the script fails. Free with g_free.
 */
char *strake_machine_ssh(StrakeMachine *machine, const char *script, unsigned timeout_s,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_machine_forget_ssh: the next script logs in anew, as after a reboot. */
void strake_machine_forget_ssh(StrakeMachine *machine);

/** strake_machine_wait_ssh: until a login works. Errors: FAILED with the console's end, at once
 * when the kernel panics. */
bool strake_machine_wait_ssh(
	StrakeMachine *machine, unsigned timeout_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_machine_emulation_fault: the kernel died of a fault that QEMU's emulation of several
 * processors has (a breakpoint of the kernel's own code patching reaches another processor); the
 * same image boots when it is started again. */
bool strake_machine_emulation_fault(const StrakeMachine *machine);
