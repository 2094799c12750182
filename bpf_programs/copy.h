/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* From a finished send or receive to data records: finds the bytes in user memory and copies them, in pieces. */
#ifndef COPY_H
#define COPY_H

/* Pieces, and so records, of one call. Vectors and bytes beyond are counted and told as length only. */
#define MAX_PIECES 32

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

/* Moves to the next vector; false when there is none. An empty vector costs a piece. */
static __always_inline bool next_vector(struct vector_walk *walk)
{
	if (!walk->count || bpf_probe_read_user(&walk->current, sizeof(walk->current), (void *)walk->vectors))
		return false;
	walk->vectors += sizeof(struct user_iovec);
	walk->count--;
	return true;
}

/* Emits the next piece; false when all is said. */
static __always_inline bool copy_next(struct data_record *record, struct vector_walk *walk)
{
	__u64 bytes, length;

	if (!walk->left || !walk->budget || (!walk->current.length && !next_vector(walk)))
		return false;
	bytes = smaller(smaller(walk->current.length, walk->left), smaller(walk->budget, PIECE_LENGTH));
	if (!bytes)
		return true;
	length = bytes;
	if (bytes == walk->budget && walk->left > bytes) {
		/* The limit is reached: this record stands for all the rest. */
		record->head.header.flags |= FLAG_LIMITED;
		length = walk->left;
	}
	emit_piece(record, walk->current.base, bytes, length);
	record->head.position += length;
	walk->current.base += bytes;
	walk->current.length -= bytes;
	walk->left -= length;
	walk->budget -= bytes;
	return true;
}

/* A call with vectors of at most this many bytes becomes one record: a reader pays for records more than for bytes. */
#define GATHER_LENGTH (PIECE_LENGTH / 2)
/* Vectors of such a call; servers write two (head and body) to a handful. */
#define MAX_GATHERED 16

/* Adds the walk's current vector to the record; false when it cannot be. */
static __always_inline bool gather_next(struct data_record *record, struct vector_walk *walk)
{
	__u64 at = walk->gathered;
	__u64 bytes;

	if (!next_vector(walk))
		return false;
	bytes = smaller(walk->current.length, walk->left);
	barrier_var(bytes);
	barrier_var(at);
	if (bytes > GATHER_LENGTH || at > GATHER_LENGTH ||
	    bpf_probe_read_user(record->bytes + at, bytes, (void *)walk->current.base))
		return false;
	walk->gathered = at + bytes;
	walk->left -= bytes;
	return true;
}

/* The vectors of a small call, in one record; false when they do not fit. */
static __noinline int gather_vectors(struct data_record *record, struct user_bytes *from, __u32 length)
{
	struct vector_walk *walk = &record->walk;
	int i;

	walk->vectors = from->vectors;
	walk->count = from->vector_count;
	walk->left = length;
	walk->gathered = 0;
	for (i = 0; i < MAX_GATHERED && walk->left; i++)
		if (!gather_next(record, walk))
			return false;
	if (walk->left)
		return false;
	record->head.length = length;
	emit(record, length);
	return true;
}

/* All pieces of a call with several vectors, or of a large one. */
static __noinline int copy_pieces(struct data_record *record, struct user_bytes *from, __u32 length)
{
	struct vector_walk *walk = &record->walk;
	int i;

	if (!from->vector_count) {
		walk->current.base = from->buffer;
		walk->current.length = length;
	} else {
		walk->current.length = 0;
	}
	walk->vectors = from->vectors;
	walk->count = from->vector_count;
	walk->left = length;
	walk->budget = settings.max_payload;
	for (i = 0; i < MAX_PIECES; i++)
		if (!copy_next(record, walk))
			break;
	if (walk->left) {
		count_loss(LOSS_IOVECS, walk->left);
		emit_length(record, walk->left, FLAG_LIMITED);
	}
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
	} else if (!from->vector_count || transfer->length > GATHER_LENGTH || transfer->length > settings.max_payload ||
		   !gather_vectors(record, from, transfer->length)) {
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
