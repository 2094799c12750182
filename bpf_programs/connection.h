/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* A socket's state in the tracer, and the record that introduces it to user space. */
#ifndef CONNECTION_H
#define CONNECTION_H

/* Never inlined into one stack frame with the copying code: an event_open is large. */

static __always_inline __u64 socket_inode(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);
	struct file *file = socket ? BPF_CORE_READ(socket, file) : NULL;

	return file ? BPF_CORE_READ(file, f_inode, i_ino) : 0;
}

static __always_inline struct connection *find_connection(struct sock *sk)
{
#ifdef SOCKET_STORAGE
	return bpf_sk_storage_get(&connections, sk, NULL, 0);
#else
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&connections, &key);
#endif
}

static __always_inline void fill_header(struct event_header *header, __u8 kind, __u32 size, __u64 connection)
{
	__u64 id = current_ids();

	header->kind = kind;
	header->direction = 0;
	header->flags = 0;
	header->size = size;
	header->time_ns = bpf_ktime_get_ns();
	header->connection = connection;
	header->tgid = id >> 32;
	header->tid = (__u32)id;
}

/* Bytes of this socket that moved before the call that is being recorded; SYN and FIN may count for one. */
#define BARELY_ANY 1

/*
 * The sequence number behind the last byte that was read. copied_seq, but for the FIN: a receive that takes the last
 * bytes takes the FIN behind them too, and counts it as one more.
 */
static __always_inline __u32 tcp_read_position(struct sock *sk)
{
	struct tcp_sock *tcp = AS(struct tcp_sock, sk);
	__u32 copied_seq = FIELD(tcp, copied_seq);

	if (!(FIELD(sk, __sk_common.skc_flags) & 1UL << bpf_core_enum_value(enum sock_flags, SOCK_DONE)))
		return copied_seq;
	return copied_seq == FIELD(tcp, rcv_nxt) ? copied_seq - 1 : copied_seq;
}

static __always_inline void describe_tcp(struct event_open *open, struct sock *sk, __u32 sent, __u32 received)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u32 write_seq = BPF_CORE_READ(tcp, write_seq);
	__u32 copied_seq = BPF_CORE_READ(tcp, copied_seq);
	__u32 read_position = tcp_read_position(sk);
	__u64 sent_before, received_before;

	sent_before = BPF_CORE_READ(tcp, bytes_acked) + (__u32)(write_seq - BPF_CORE_READ(tcp, snd_una)) - sent;
	received_before =
		BPF_CORE_READ(tcp, bytes_received) - (__u32)(BPF_CORE_READ(tcp, rcv_nxt) - copied_seq) - received;
	open->header.flags |= FLAG_SEQUENCE;
	open->sent = write_seq - sent;
	open->received = read_position - received;
	open->fresh = sent_before <= BARELY_ANY && received_before <= BARELY_ANY;
}

static __always_inline void describe_inet(struct event_open *open, struct sock *sk)
{
	open->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	open->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (open->family == AF_INET) {
		__u32 address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);

		__builtin_memcpy(open->local, &address, sizeof(address));
		address = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		__builtin_memcpy(open->remote, &address, sizeof(address));
	} else {
		BPF_CORE_READ_INTO(&open->local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&open->remote, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
	/*
	 * An accepted socket is a copy of its listener, backlog included; a socket that connected never had one.
	 * So the role is known however late we come and even when the listener is gone.
	 */
	open->role = BPF_CORE_READ(sk, sk_max_ack_backlog) ? ROLE_SERVER : ROLE_CLIENT;
}

/* Offset of sun_path: a UNIX address shorter than this has no name. */
#define UNIX_FAMILY_LENGTH 2

static __always_inline bool copy_unix_path(struct event_open *open, struct sock *sk)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sk, addr);
	int length = address ? BPF_CORE_READ(address, len) - UNIX_FAMILY_LENGTH : 0;

	if (length <= 0)
		return false;
	if (length > UNIX_PATH_LENGTH)
		length = UNIX_PATH_LENGTH;
	open->path_length = length;
	bpf_probe_read_kernel(open->path, UNIX_PATH_LENGTH, &address->name[0].sun_path);
	return true;
}

static __always_inline void describe_unix(struct event_open *open, struct sock *sk)
{
	/* An accepted socket shares its listener's name; the one that connected is usually nameless. */
	if (copy_unix_path(open, sk)) {
		open->role = ROLE_SERVER;
	} else {
		struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

		if (peer && copy_unix_path(open, peer))
			open->role = ROLE_CLIENT;
	}
}

/* Introduces a connection to user space. The call that made us look moved `sent` or `received` bytes already. */
static __noinline int announce(struct sock *sk, struct connection *connection, __u32 sent, __u32 received)
{
	struct event_open *open;

	if (!sk || !connection)
		return 0;
	open = bpf_ringbuf_reserve(&events, sizeof(*open), 0);
	if (!open) {
		count_loss(LOSS_RING_FULL, 1);
		return 0;
	}
	__builtin_memset(open, 0, sizeof(*open));
	fill_header(&open->header, EVENT_OPEN, sizeof(*open), connection->id);
	open->socket = connection->socket;
	open->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	open->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (connection->sequence) {
		describe_tcp(open, sk, sent, received);
	} else {
		open->sent = connection->sent;
		open->received = connection->received;
	}
	if (open->family == AF_UNIX)
		describe_unix(open, sk);
	else
		describe_inet(open, sk);
	connection->announced = 1;
	bpf_ringbuf_submit(open, BPF_RB_NO_WAKEUP);
	return 0;
}

/* The state of a socket that a traced process uses, made at first sight. NULL: no memory, counted. */
static __always_inline struct connection *meet_connection(struct sock *sk)
{
	struct connection *connection;

#ifdef SOCKET_STORAGE
	connection = bpf_sk_storage_get(&connections, sk, NULL, 0);
	if (connection && connection->id)
		return connection;
	connection = bpf_sk_storage_get(&connections, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
#else
	struct connection fresh = {};
	__u64 key = (__u64)sk;

	connection = bpf_map_lookup_elem(&connections, &key);
	/* The address of a dead socket may serve a new one. */
	if (connection && connection->socket == socket_inode(sk))
		return connection;
	fresh.socket = 0;
	bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY);
	connection = bpf_map_lookup_elem(&connections, &key);
#endif
	if (!connection) {
		count_loss(LOSS_CONNECTION_TABLE, 1);
		return NULL;
	}
	connection->socket = socket_inode(sk);
	connection->sequence = BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP &&
			       BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX;
	connection->id = __sync_fetch_and_add(&last_connection_id, 1) + 1;
	return connection;
}

/* A record without payload about a known connection. */
static __always_inline void report_connection(struct connection *connection, __u8 kind, __u8 direction)
{
	struct event_header *header;

	if (!connection->announced)
		return;
	header = bpf_ringbuf_reserve(&events, sizeof(*header), 0);
	if (!header) {
		count_loss(LOSS_RING_FULL, 1);
		return;
	}
	fill_header(header, kind, sizeof(*header), connection->id);
	header->direction = direction;
	bpf_ringbuf_submit(header, BPF_RB_NO_WAKEUP);
}

#endif
