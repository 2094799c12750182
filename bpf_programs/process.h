/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The life of processes: children of traced processes are traced, and user space hears of it at once. */
#ifndef PROCESS_H
#define PROCESS_H

static __always_inline void report_process(__u8 kind, __u32 tgid, __u32 other, struct task_struct *task)
{
	struct event_process *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count_loss(LOSS_RING_FULL, 1);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	fill_header(&event->header, kind, sizeof(*event), 0);
	event->header.tgid = tgid;
	event->other = other;
	if (task)
		BPF_CORE_READ_INTO(&event->comm, task, comm);
	/* At once: /proc is read for it, and a short-lived process does not wait for a timer. */
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

static __always_inline int process_forked(struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_tgid = FIELD(parent, tgid);
	__u32 child_tgid = FIELD(child, tgid);

	if (parent_tgid == child_tgid || !is_traced(parent_tgid))
		return 0;
	if (!settings.trace_all)
		trace_process(child_tgid);
	report_process(EVENT_FORK, child_tgid, parent_tgid, child);
	return 0;
}

static __always_inline int process_executed(struct task_struct *task)
{
	__u32 tgid = FIELD(task, tgid);

	if (settings.report_all_execs || is_traced(tgid))
		report_process(EVENT_EXEC, tgid, 0, task);
	return 0;
}

static __always_inline int process_exited(struct task_struct *task)
{
	__u32 tgid = FIELD(task, tgid);

	/* Already counted down for this thread: 0 says it was the last one. */
	if (!is_traced(tgid) || BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	if (!settings.trace_all)
		forget_process(tgid);
	report_process(EVENT_EXIT, tgid, 0, task);
	return 0;
}

/* The current process listens on a port of interest: it is traced from now on. */
static __always_inline void report_listener(__u32 port)
{
	__u32 tgid = current_ids() >> 32;

	if (!bpf_map_lookup_elem(&ports, &port) || tgid == settings.own_tgid)
		return;
	trace_process(tgid);
	report_process(EVENT_LISTEN, tgid, port, NULL);
}

#endif
