/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * FIELD(pointer, member): one member of a kernel structure. Programs with typed pointers (tp_btf, fentry) load it
 * directly, the verifier having checked the type; the others copy it with bpf_probe_read_kernel.
 */
#ifndef READ_H
#define READ_H

#include <bpf/bpf_core_read.h>

#ifdef TYPED_POINTERS

#define FIELD(pointer, member) ((pointer)->member)

/* Since 6.2; the verifier makes a move of it, so that no call is left (a helper call costs 10 ns where returns are
 * guarded against speculation). */
extern void *bpf_rdonly_cast(const void *pointer, __u32 type_id) __ksym;
#define AS(type, pointer) ((type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

/* Process and thread that run now. */
static __always_inline __u64 current_ids(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return (__u64)task->tgid << 32 | (__u32)task->pid;
}

#else

#define FIELD(pointer, member) BPF_CORE_READ(pointer, member)
#define AS(type, pointer) ((type *)(pointer))

static __always_inline __u64 current_ids(void)
{
	return bpf_get_current_pid_tgid();
}

#endif

#endif
