/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Every map, with who writes it and who deletes its entries. */
#ifndef MAPS_H
#define MAPS_H

#include "event.h"

/* One piece of payload: the unit of copying. A power of two; with its header it stays below the per-CPU value limit. */
#define PIECE_LENGTH 16384

#define MAX_PROCESSES 32768
#define MAX_CONNECTIONS 131072
#define MAX_PORTS 256
#define VERDICT_SLOTS 65536 /* a power of two */

/* Records for user space. Resized before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events SEC(".maps");

/* Traced processes by tgid. User space and fork add; exit deletes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PROCESSES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} processes SEC(".maps");

/*
 * Asked first, because the compiler inlines an array lookup and every send and receive of the machine asks: what is in
 * slot (tgid % PROCESS_SLOTS)? 0: no traced process. A tgid: that one alone. SLOT_SHARED: several, look in `processes`.
 */
#define PROCESS_SLOTS 65536 /* a power of two */
#define SLOT_SHARED 0xffffffff

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROCESS_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} process_slots SEC(".maps");

/* Ports of interest. User space adds before attaching; nobody deletes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

/* What we know of a socket. */
struct connection {
	__u64 id;	/* 0: not met yet */
	__u64 socket;	/* inode number; tells a reused address where the kernel does not delete for us */
	__u64 sent;	/* bytes moved each way, for sockets without sequence numbers */
	__u64 received;
	__u32 announced; /* EVENT_OPEN got through */
	__u32 sequence;	 /* positions are TCP sequence numbers */
};

#ifdef SOCKET_STORAGE
/* In the socket itself: found in a few nanoseconds and gone with it. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");
#else
/* By address of struct sock. TCP deletes at close; UNIX sockets have no tracepoint for that: the oldest give way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CONNECTIONS);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");
#endif

/*
 * What user space thinks of a connection, in slot (id % VERDICT_SLOTS). A later connection that shares the slot takes
 * it over: the earlier one is then copied again, which costs and harms nothing.
 */
enum verdict {
	VERDICT_COPY = 0,
	VERDICT_LENGTHS = 1, /* nobody reads the bytes */
	VERDICT_SILENT = 2,  /* nobody reads even the lengths */
	VERDICT_SKIP = 3,    /* nobody reads the bytes up to a position: the body of a message */
};

struct verdict_slot {
	__u64 id;
	__u32 verdict;
	__u32 skips;	/* bit by enum event_direction: VERDICT_SKIP is about this direction */
	__u64 until[2]; /* by enum event_direction: position of the first byte that is read again */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VERDICT_SLOTS);
	__type(key, __u32);
	__type(value, struct verdict_slot);
} verdicts SEC(".maps");

/* Totals by enum loss_cause. The kernel side counts, user space reads. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS_CAUSES);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* A data record under construction: one per CPU and direction, so that sending and receiving code never share one. */
struct data_record {
	struct event_data head;
	__u8 bytes[PIECE_LENGTH];
	/*
	 * A call's vectors, one piece at a time. Here and not on the stack: the verifier does not follow values in
	 * maps, so that every turn of the loop looks the same to it.
	 */
	struct vector_walk {
		__u64 vectors;
		__u64 count;
		struct user_iovec current;
		__u64 left;   /* bytes of the call not told yet */
		__u64 budget; /* bytes that may still be copied */
		__u64 gathered; /* bytes in the record */
		__u64 unreadable; /* a fault: user memory that is not there now */
	} walk;
	__u64 emitted; /* records since loading */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct data_record);
} scratch SEC(".maps");

/* Where a thread stands in a sendmmsg or recvmmsg call. The oldest give way. */
struct message_cursor {
	__u64 array;
	__u64 socket;
	__u32 index;
	__u32 last_length;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct message_cursor);
} message_cursors SEC(".maps");

/* Connections get their ids from here. */
__u64 last_connection_id = 0;

static __always_inline void count_loss(__u32 cause, __u64 amount)
{
	__u64 *total = bpf_map_lookup_elem(&losses, &cause);

	if (total)
		*total += amount;
}

#endif
