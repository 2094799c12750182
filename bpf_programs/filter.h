/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which processes and sockets are traced. */
#ifndef FILTER_H
#define FILTER_H

static __always_inline __u32 *process_slot(__u32 tgid)
{
	__u32 slot = tgid & (PROCESS_SLOTS - 1);

	return bpf_map_lookup_elem(&process_slots, &slot);
}

static __always_inline bool is_traced(__u32 tgid)
{
	__u32 *slot;

	if (tgid == settings.own_tgid)
		return false;
	if (settings.trace_all)
		return true;
	slot = process_slot(tgid);
	if (!slot || !*slot)
		return false;
	return *slot == tgid || (*slot == SLOT_SHARED && bpf_map_lookup_elem(&processes, &tgid));
}

/* Follows a process from now on. */
static __always_inline void trace_process(__u32 tgid)
{
	__u32 *slot = process_slot(tgid);
	__u32 one = 1;

	if (!slot || bpf_map_update_elem(&processes, &tgid, &one, BPF_ANY)) {
		count_loss(LOSS_PROCESS_TABLE, 1);
		return;
	}
	if (*slot != tgid)
		*slot = *slot ? SLOT_SHARED : tgid;
}

/* Forgets a process that ended. A shared slot stays shared: it costs the others a second look-up. */
static __always_inline void forget_process(__u32 tgid)
{
	__u32 *slot = process_slot(tgid);

	if (slot && *slot == tgid)
		*slot = 0;
	bpf_map_delete_elem(&processes, &tgid);
}

/* Byte streams only: TCP, MPTCP and UNIX stream sockets. */
static __always_inline bool is_stream(__u16 family, __u16 type)
{
	return type == SOCK_STREAM && (family == AF_INET || family == AF_INET6 || family == AF_UNIX);
}

#endif
