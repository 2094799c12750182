/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The border between kernel and user space: every record that crosses the ring buffer.
 *
 * Fixed-width types, no pointers, no implicit padding; sizes asserted here and read again in rust_parser/src/event.rs.
 * Little-endian machines only (x86-64, arm64). Records that user space adds to the stream (what /proc says of a
 * process, the clock, losses) have the same header and are listed in event.rs, because a recording holds both.
 */
#ifndef EVENT_H
#define EVENT_H

enum event_kind {
	EVENT_OPEN = 1,	 /* a socket was seen for the first time */
	EVENT_DATA = 2,	 /* bytes were sent or received */
	EVENT_EOF = 3,	 /* one direction ended: the peer will send nothing more */
	EVENT_CLOSE = 4, /* the connection is gone */
	EVENT_FORK = 5,	 /* a traced process has a child (tgid), whose parent is event_process.other */
	EVENT_EXEC = 6,	 /* a process became another program */
	EVENT_EXIT = 7,	 /* the last thread of a process ended */
	EVENT_LISTEN = 8, /* a process listens on a port of interest */
};

enum event_direction {
	DIRECTION_SENT = 0,	/* by the process that owns the socket */
	DIRECTION_RECEIVED = 1,
};

enum event_flags {
	FLAG_SEQUENCE = 1 << 0,	   /* position is a 32-bit TCP sequence number, else a count of bytes */
	FLAG_UNREADABLE = 1 << 1,  /* the bytes were not in user memory (sendfile, splice, io_uring) or a fault hit */
	FLAG_LIMITED = 1 << 2,	   /* the copy limit cut the rest of the call */
};

enum event_role {
	ROLE_UNKNOWN = 0,
	ROLE_CLIENT = 1, /* this socket connected */
	ROLE_SERVER = 2, /* this socket was accepted */
};

struct event_header {
	__u8 kind;
	__u8 direction;
	__u16 flags;
	__u32 size;	   /* of the whole record, with this header */
	__u64 time_ns;	   /* CLOCK_MONOTONIC */
	__u64 connection;  /* counts up from 1 for each socket the tracer meets; 0: none */
	__u32 tgid;	   /* process, as the initial pid namespace numbers it; 0 in interrupt context */
	__u32 tid;
};
_Static_assert(sizeof(struct event_header) == 32, "event_header");

struct event_data {
	struct event_header header;
	__u64 position; /* of the first byte in its direction; see FLAG_SEQUENCE */
	__u32 length;	/* bytes that moved */
	__u32 captured; /* bytes of them that follow this struct */
};
_Static_assert(sizeof(struct event_data) == 48, "event_data");

#define UNIX_PATH_LENGTH 108

struct event_open {
	struct event_header header;
	__u64 socket;	     /* inode number of the socket: what /proc/PID/fd shows */
	__u32 netns;	     /* inode number of the network namespace */
	__u16 family;	     /* AF_INET, AF_INET6, AF_UNIX */
	__u8 role;	     /* enum event_role */
	__u8 fresh;	     /* 1: no byte moved before this event; 0: met in its middle */
	__u16 local_port;    /* host byte order */
	__u16 remote_port;
	__u32 path_length;   /* bytes of path that count, AF_UNIX only */
	__u8 local[16];	     /* IPv4 in the first four bytes */
	__u8 remote[16];
	__u64 sent;	     /* position of the next byte to be sent / received when this was recorded */
	__u64 received;
	__u8 path[UNIX_PATH_LENGTH];
	__u32 padding;
};
_Static_assert(sizeof(struct event_open) == 32 + 24 + 32 + 16 + 112, "event_open");

#define COMM_LENGTH 16

struct event_process {
	struct event_header header;
	__u32 other;	     /* FORK: the parent's tgid; LISTEN: the port */
	__u8 comm[COMM_LENGTH];
	__u32 padding;
};
_Static_assert(sizeof(struct event_process) == 56, "event_process");

/* Why the kernel side lost something; index into the `losses` per-CPU array. */
enum loss_cause {
	LOSS_RING_FULL = 0,	  /* records: no room in the ring buffer */
	LOSS_RING_FULL_BYTES = 1, /* bytes of payload in those records */
	LOSS_FAULT = 2,		  /* user memory could not be read */
	LOSS_CONNECTION_TABLE = 3, /* no state could be allocated for a socket */
	LOSS_IOVECS = 4,	  /* bytes in vectors beyond the limit of a call */
	LOSS_UNREADABLE = 5,	  /* bytes moved by io_uring, sendfile, splice: length only */
	LOSS_PROCESS_TABLE = 6,	  /* a child could not be followed: table full */
	LOSS_CAUSES = 7,
};

#endif
