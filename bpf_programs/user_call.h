/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* From the system call a thread is in to the user memory that it sends from or receives into. */
#ifndef USER_CALL_H
#define USER_CALL_H

/* Arguments of the system call the current thread is in. */
struct call {
	__s64 number;
	__u64 first, second, third;
};

#if defined(__TARGET_ARCH_x86)
enum call_number {
	CALL_READ = 0, CALL_WRITE = 1, CALL_READV = 19, CALL_WRITEV = 20, CALL_SENDTO = 44, CALL_RECVFROM = 45,
	CALL_SENDMSG = 46, CALL_RECVMSG = 47, CALL_RECVMMSG = 299, CALL_SENDMMSG = 307, CALL_PREADV2 = 327,
	CALL_PWRITEV2 = 328,
};
#else
enum call_number {
	CALL_READ = 63, CALL_WRITE = 64, CALL_READV = 65, CALL_WRITEV = 66, CALL_SENDTO = 206, CALL_RECVFROM = 207,
	CALL_SENDMSG = 211, CALL_RECVMSG = 212, CALL_RECVMMSG = 243, CALL_SENDMMSG = 269, CALL_PREADV2 = 286,
	CALL_PWRITEV2 = 287,
};
#endif

/* 32-bit processes have other numbers and layouts: their bytes are not read, only their lengths. */
#define X86_STATUS_COMPAT 0x2
#define ARM64_FLAG_32BIT (1UL << 22)

static __always_inline void find_message_bytes(struct user_bytes *bytes, __u64 header)
{
	struct user_msghdr message;

	if (bpf_probe_read_user(&message, sizeof(message), (void *)header))
		return;
	bytes->vectors = message.vectors;
	bytes->vector_count = message.vector_count;
	/* No vector at all moves no byte: never ask for the single buffer then. */
	bytes->known = message.vector_count != 0;
}

/*
 * Which message of a sendmmsg or recvmmsg array a transfer belongs to. The kernel writes each message's length into
 * the array once it moved, after the hook: the cursor goes on when that length is the one we saw, else a new call
 * began. An application that repeats a cut call with the very same array could be misread; it would start over at
 * message 0, which is what it means too.
 */
static __always_inline __u32 message_index(const struct call *call, struct sock *sk, __u32 length)
{
	__u32 thread = (__u32)current_ids();
	struct message_cursor *cursor = bpf_map_lookup_elem(&message_cursors, &thread);
	struct message_cursor next = {.array = call->second, .socket = (__u64)sk, .last_length = length};

	if (cursor && cursor->array == next.array && cursor->socket == next.socket && cursor->index + 1 < call->third) {
		struct user_mmsghdr *previous = (struct user_mmsghdr *)next.array + cursor->index;
		__u32 written = 0;

		bpf_probe_read_user(&written, sizeof(written), &previous->length);
		if (written == cursor->last_length)
			next.index = cursor->index + 1;
	}
	bpf_map_update_elem(&message_cursors, &thread, &next, BPF_ANY);
	return next.index;
}

static __always_inline void find_call_bytes(struct user_bytes *bytes, const struct call *call, struct sock *sk,
					    __u32 length)
{
	switch (call->number) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_SENDTO:
	case CALL_RECVFROM:
		bytes->buffer = call->second;
		bytes->known = length <= call->third;
		break;
	case CALL_READV:
	case CALL_WRITEV:
	case CALL_PREADV2:
	case CALL_PWRITEV2:
		bytes->vectors = call->second;
		bytes->vector_count = call->third;
		bytes->known = call->third != 0;
		break;
	case CALL_SENDMSG:
	case CALL_RECVMSG:
		find_message_bytes(bytes, call->second);
		break;
	case CALL_SENDMMSG:
	case CALL_RECVMMSG:
		find_message_bytes(bytes, call->second + message_index(call, sk, length) * sizeof(struct user_mmsghdr));
		break;
	}
}

#endif
