/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* From a finished send or receive to data records: finds the bytes in user memory and copies them, in pieces. */
#ifndef COPY_H
#define COPY_H

/*
 * Turns of the loop over one call: each takes a vector, or half a piece of a long one. As many vectors as the kernel
 * takes (gRPC writes 260 at once, Java and Node up to this), and half a MiB. What is beyond is counted and told as length
 * only.
 */
#define MAX_TURNS (1024 + 64)
/* The same without bpf_loop (before 5.17), where the verifier follows every turn. */
#define MAX_TURNS_FOLLOWED 64

/* Where the bytes of a call are in user memory. */
struct user_bytes {
	__u64 buffer;	     /* a single buffer, when vector_count is 0 */
	__u64 vectors;	     /* array of struct user_iovec */
	__u64 vector_count;
	bool known;	     /* false: sendfile, splice, io_uring, kernel threads */
};

/* One finished transfer. */
struct transfer {
	__u64 connection;
	__u64 position;
	__u32 length;
	__u8 direction;
	__u8 sequence;
};

static __always_inline struct data_record *scratch_record(__u32 direction)
{
	return bpf_map_lookup_elem(&scratch, &direction);
}

/* How often a CPU looks how full the ring is: once in so many records (a power of two). */
#define FILL_CHECK_INTERVAL 16

static __always_inline __u64 wakeup_flag(struct data_record *record)
{
	if (++record->emitted % FILL_CHECK_INTERVAL)
		return BPF_RB_NO_WAKEUP;
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= settings.wakeup_bytes ? BPF_RB_FORCE_WAKEUP :
										      BPF_RB_NO_WAKEUP;
}

static __always_inline void emit(struct data_record *record, __u64 captured)
{
	__u64 size;

	barrier_var(captured);
	if (captured > PIECE_LENGTH)
		return;
	size = sizeof(struct event_data) + captured;
	record->head.header.size = size;
	record->head.captured = captured;
	if (bpf_ringbuf_output(&events, record, size, wakeup_flag(record))) {
		count_loss(LOSS_RING_FULL, 1);
		count_loss(LOSS_RING_FULL_BYTES, record->head.length);
	}
}

/* Says that bytes moved, without showing them. */
static __always_inline void emit_length(struct data_record *record, __u32 length, __u16 flags)
{
	record->head.length = length;
	record->head.header.flags |= flags;
	emit(record, 0);
}

/* Copies up to a piece and emits it as `length` bytes moved. */
static __always_inline void emit_piece(struct data_record *record, __u64 from, __u64 bytes, __u32 length)
{
	record->head.length = length;
	barrier_var(bytes); /* the compiler must test the very value that it passes on */
	if (bytes > PIECE_LENGTH)
		return;
	if (bpf_probe_read_user(record->bytes, bytes, (void *)from)) {
		count_loss(LOSS_FAULT, 1);
		emit_length(record, length, FLAG_UNREADABLE);
		return;
	}
	emit(record, bytes);
}

static __always_inline __u64 smaller(__u64 left, __u64 right)
{
	return left < right ? left : right;
}

/* Moves to the next vector; false when there is none. */
static __always_inline bool next_vector(struct vector_walk *walk)
{
	if (!walk->count || bpf_probe_read_user(&walk->current, sizeof(walk->current), (void *)walk->vectors))
		return false;
	walk->vectors += sizeof(struct user_iovec);
	walk->count--;
	return true;
}

/*
 * A record is full when it is at least half full: what one turn of the loop copies then always fits, as the verifier
 * can see. Small vectors share a record, because a reader pays for records more than for bytes.
 */
#define GATHER_LENGTH (PIECE_LENGTH / 2)

/* Emits what was gathered, as `length` bytes moved. */
static __always_inline void emit_gathered(struct data_record *record, struct vector_walk *walk, __u32 length)
{
	record->head.length = length;
	emit(record, walk->gathered);
	record->head.position += length;
	walk->gathered = 0;
}

/* Copies the next bytes, up to the end of a vector; false when there are none, or they cannot be read. */
static __always_inline bool gather_next(struct data_record *record, struct vector_walk *walk)
{
	__u64 at = walk->gathered;
	__u64 bytes;

	if (!walk->left || !walk->budget || (!walk->current.length && !next_vector(walk)))
		return false;
	bytes = smaller(smaller(walk->current.length, walk->left), smaller(walk->budget, GATHER_LENGTH));
	barrier_var(bytes); /* the compiler must test the very values that it passes on */
	barrier_var(at);
	if (bytes > GATHER_LENGTH || at > GATHER_LENGTH)
		return false;
	if (bpf_probe_read_user(record->bytes + at, bytes, (void *)walk->current.base)) {
		walk->unreadable = true;
		return false;
	}
	walk->gathered = at + bytes;
	walk->current.base += bytes;
	walk->current.length -= bytes;
	walk->left -= bytes;
	walk->budget -= bytes;
	if (walk->gathered > GATHER_LENGTH && walk->left)
		emit_gathered(record, walk, walk->gathered);
	return true;
}

static long gather_turn(__u32 turn, struct data_record **record)
{
	return !gather_next(*record, &(*record)->walk);
}

static __always_inline void gather_all(struct data_record *record)
{
	int i;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(MAX_TURNS, gather_turn, &record, 0);
		return;
	}
	for (i = 0; i < MAX_TURNS_FOLLOWED; i++)
		if (!gather_next(record, &record->walk))
			break;
}

/* All of a call with several vectors, or of a large one, in as few records as it takes. */
static __noinline int copy_pieces(struct data_record *record, struct user_bytes *from, __u32 length)
{
	struct vector_walk *walk = &record->walk;

	walk->current.base = from->buffer;
	walk->current.length = from->vector_count ? 0 : length;
	walk->vectors = from->vectors;
	walk->count = from->vector_count;
	walk->left = length;
	walk->budget = settings.max_payload;
	walk->gathered = 0;
	walk->unreadable = false;
	gather_all(record);
	/* The last record stands for what was not copied, too. */
	if (walk->unreadable) {
		count_loss(LOSS_FAULT, 1);
		record->head.header.flags |= FLAG_UNREADABLE;
	} else if (walk->left) {
		if (walk->budget)
			count_loss(LOSS_IOVECS, walk->left);
		record->head.header.flags |= FLAG_LIMITED;
	}
	emit_gathered(record, walk, walk->gathered + walk->left);
	return 0;
}

static __always_inline void emit_transfer(struct transfer *transfer, struct user_bytes *from, bool want_bytes)
{
	struct data_record *record = scratch_record(transfer->direction);

	if (!record)
		return;
	fill_header(&record->head.header, EVENT_DATA, 0, transfer->connection);
	record->head.header.direction = transfer->direction;
	if (transfer->sequence)
		record->head.header.flags = FLAG_SEQUENCE;
	record->head.position = transfer->position;
	if (!want_bytes) {
		emit_length(record, transfer->length, FLAG_LIMITED);
	} else if (!from->known) {
		count_loss(LOSS_UNREADABLE, transfer->length);
		emit_length(record, transfer->length, FLAG_UNREADABLE);
	} else if (!from->vector_count && transfer->length <= PIECE_LENGTH && transfer->length <= settings.max_payload) {
		emit_piece(record, from->buffer, transfer->length, transfer->length);
	} else {
		copy_pieces(record, from, transfer->length);
	}
}

/* What user space said of a connection; NULL: nothing. */
static __always_inline struct verdict_slot *verdict_on(__u64 id)
{
	__u32 slot = id & (VERDICT_SLOTS - 1);
	struct verdict_slot *verdict = bpf_map_lookup_elem(&verdicts, &slot);

	return verdict && verdict->id == id ? verdict : NULL;
}

/* Does anybody read the bytes of this transfer? */
static __always_inline bool is_read(struct verdict_slot *verdict, struct transfer *transfer)
{
	__u64 until;

	if (!verdict || verdict->verdict == VERDICT_COPY)
		return true;
	if (verdict->verdict != VERDICT_SKIP)
		return false;
	if (!(verdict->skips & (1 << transfer->direction)))
		return true;
	until = verdict->until[transfer->direction & 1];
	if (transfer->sequence)
		return (__s32)((__u32)until - (__u32)transfer->position - transfer->length) < 0;
	return transfer->position + transfer->length > until;
}

/* Position of the first of `length` bytes that just moved on a TCP socket. */
static __always_inline __u32 tcp_position(struct sock *sk, __u8 direction, __u32 length)
{
	struct tcp_sock *tcp = AS(struct tcp_sock, sk);

	return (direction == DIRECTION_SENT ? FIELD(tcp, write_seq) : tcp_read_position(sk)) - length;
}

/* Position on a socket without sequence numbers; moves the count on. */
static __always_inline __u64 counted_position(struct connection *connection, __u8 direction, __u32 length)
{
	__u64 *count = direction == DIRECTION_SENT ? &connection->sent : &connection->received;

	return __sync_fetch_and_add(count, length);
}

/*
 * `result` bytes were sent or received on this socket by the current, traced process, and `after` more since (other
 * messages of the same call). 0 on a receive is the end of the stream.
 */
static __always_inline void record_transfer_before(struct sock *sk, __u8 direction, __u32 result,
						   struct user_bytes *from, __u32 after)
{
	struct connection *connection = meet_connection(sk);
	struct transfer transfer = {.direction = direction, .length = result};
	struct verdict_slot *verdict;

	if (!connection)
		return;
	verdict = verdict_on(connection->id);
	if (verdict && verdict->verdict == VERDICT_SILENT)
		return;
	if (!connection->announced)
		announce(sk, connection, direction == DIRECTION_SENT ? result + after : 0,
			 direction == DIRECTION_RECEIVED ? result + after : 0);
	if (!result) {
		report_connection(connection, EVENT_EOF, direction);
		return;
	}
	transfer.connection = connection->id;
	transfer.sequence = connection->sequence;
	transfer.position = connection->sequence ? tcp_position(sk, direction, result + after) :
						   counted_position(connection, direction, result);
	emit_transfer(&transfer, from, is_read(verdict, &transfer));
}

static __always_inline void record_transfer(struct sock *sk, __u8 direction, __u32 result, struct user_bytes *from)
{
	record_transfer_before(sk, direction, result, from, 0);
}

#endif
