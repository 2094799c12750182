/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What user space decides before loading. Read-only: the verifier removes the code that a setting switches off.
 * One struct in a section of its own, so that user space can fill it as bytes (rust_parser/src/capture/kernel.rs).
 */
#ifndef SETTINGS_H
#define SETTINGS_H

struct settings {
	__u32 max_payload;	/* bytes copied of one send or receive call at the most */
	__u32 wakeup_bytes;	/* wake the reader when so many wait; else it comes by on its timer */
	__u32 own_tgid;		/* the tracer itself is never traced: its own exports would feed it */
	__u8 trace_all;		/* trace every process */
	__u8 report_all_execs;	/* user space looks for executables by name */
	__u8 padding[2];
};
_Static_assert(sizeof(struct settings) == 16, "settings");

const volatile struct settings settings SEC(".rodata.settings") = {
	.max_payload = 64 * 1024,
	.wakeup_bytes = 256 * 1024,
};

#endif
