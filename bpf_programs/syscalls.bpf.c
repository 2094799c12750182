// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Payload of sends and receives, family tracepoint: the exits of the system calls that move socket bytes (Linux 5.8+,
 * for the ring buffer). The socket is found from the descriptor, the arguments from the thread's saved registers, so no
 * entry hook and no map between the two is needed. The price: every system call of the machine takes the traced path.
 */
#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "read.h"
#include "settings.h"
#include "maps.h"
#include "filter.h"
#include "connection.h"
#include "copy.h"
#include "user_call.h"
#include "process.h"

/* What tracepoint/syscalls/sys_exit_* hands over. */
struct syscall_exit {
	__u64 common;
	__s64 number;
	__s64 result;
};

/* Kernel stacks: 16 KiB on x86-64 and arm64 (without KASAN); below 5.15 the user's registers are right at their top. */
#define STACK_LENGTH 16384

/* The registers that the current thread entered the kernel with. */
static __always_inline struct pt_regs *saved_registers(void)
{
	__u64 top;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	top = (__u64)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), stack) + STACK_LENGTH;
	return (struct pt_regs *)(top - bpf_core_type_size(struct pt_regs));
}

static __always_inline void saved_call(struct call *call)
{
	struct pt_regs *regs = saved_registers();

#if defined(__TARGET_ARCH_x86)
	call->first = BPF_CORE_READ(regs, di);
	call->second = BPF_CORE_READ(regs, si);
	call->third = BPF_CORE_READ(regs, dx);
#else
	call->first = BPF_CORE_READ(regs, orig_x0);
	call->second = BPF_CORE_READ(regs, regs[1]);
	call->third = BPF_CORE_READ(regs, regs[2]);
#endif
}

static __always_inline bool is_32bit(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread_info.status) & X86_STATUS_COMPAT;
#else
	return BPF_CORE_READ(task, thread_info.flags) & ARM64_FLAG_32BIT;
#endif
}

/* The socket behind a descriptor of the current process; NULL when it is something else. */
static __always_inline struct sock *socket_of(struct task_struct *task, __u64 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;
	struct socket *socket;

	if (descriptor >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool is_stream_socket(struct sock *sk)
{
	return sk && is_stream(BPF_CORE_READ(sk, __sk_common.skc_family), BPF_CORE_READ(sk, sk_type));
}

static __always_inline void current_transfer(struct call *call, struct task_struct **task, __s64 number)
{
	*task = (struct task_struct *)bpf_get_current_task();
	saved_call(call);
	call->number = number;
}

/* One buffer, one vector array or one message header. */
static __always_inline int transfer_exit(struct syscall_exit *exit, __u8 direction, __s64 number)
{
	struct user_bytes bytes = {};
	struct task_struct *task;
	struct call call;
	struct sock *sk;

	if (exit->result < 0 || !is_traced(current_ids() >> 32))
		return 0;
	if (!exit->result && direction == DIRECTION_SENT)
		return 0;
	current_transfer(&call, &task, number);
	sk = socket_of(task, call.first);
	if (!is_stream_socket(sk))
		return 0;
	if (exit->result && !is_32bit(task))
		find_call_bytes(&bytes, &call, sk, exit->result);
	record_transfer(sk, direction, exit->result, &bytes);
	return 0;
}

/* Receives that look at bytes and leave them, or throw them away. */
static __always_inline __u64 receive_flags(bool in_message_call)
{
	struct pt_regs *regs = saved_registers();

#if defined(__TARGET_ARCH_x86)
	return in_message_call ? BPF_CORE_READ(regs, dx) : BPF_CORE_READ(regs, r10);
#else
	return in_message_call ? BPF_CORE_READ(regs, regs[2]) : BPF_CORE_READ(regs, regs[3]);
#endif
}

#define LOOKING_FLAGS (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB | MSG_TRUNC)

#define TRANSFER(call_name, direction, number)                         \
	SEC("tracepoint/syscalls/sys_exit_" #call_name)                \
	int exit_##call_name(struct syscall_exit *exit)                \
	{                                                              \
		return transfer_exit(exit, direction, number);         \
	}

TRANSFER(read, DIRECTION_RECEIVED, CALL_READ)
TRANSFER(readv, DIRECTION_RECEIVED, CALL_READV)
TRANSFER(write, DIRECTION_SENT, CALL_WRITE)
TRANSFER(writev, DIRECTION_SENT, CALL_WRITEV)
TRANSFER(sendto, DIRECTION_SENT, CALL_SENDTO)
TRANSFER(sendmsg, DIRECTION_SENT, CALL_SENDMSG)
TRANSFER(preadv2, DIRECTION_RECEIVED, CALL_PREADV2)
TRANSFER(pwritev2, DIRECTION_SENT, CALL_PWRITEV2)

SEC("tracepoint/syscalls/sys_exit_recvfrom")
int exit_recvfrom(struct syscall_exit *exit)
{
	if (receive_flags(false) & LOOKING_FLAGS)
		return 0;
	return transfer_exit(exit, DIRECTION_RECEIVED, CALL_RECVFROM);
}

SEC("tracepoint/syscalls/sys_exit_recvmsg")
int exit_recvmsg(struct syscall_exit *exit)
{
	if (receive_flags(true) & LOOKING_FLAGS)
		return 0;
	return transfer_exit(exit, DIRECTION_RECEIVED, CALL_RECVMSG);
}

/* Messages of one sendmmsg or recvmmsg call that are looked at; the rest is a hole of known size on TCP. */
#define MAX_MESSAGES 16

/* A global function: the verifier checks it once, not for each turn of the loop that calls it. */
__noinline int record_message(__u64 socket, __u32 direction, __u32 length, struct user_bytes *bytes, __u32 after)
{
	if (bytes)
		record_transfer_before((struct sock *)socket, direction ? DIRECTION_RECEIVED : DIRECTION_SENT, length,
				       bytes, after);
	return 0;
}

/* The array is complete at the exit: each message says its own length, so no cursor is needed. */
static __always_inline int messages_exit(struct syscall_exit *exit, __u8 direction)
{
	struct task_struct *task;
	struct call call;
	struct sock *sk;
	__u64 after = 0;
	int i;

	if (exit->result <= 0 || !is_traced(current_ids() >> 32))
		return 0;
	current_transfer(&call, &task, direction == DIRECTION_SENT ? CALL_SENDMMSG : CALL_RECVMMSG);
	sk = socket_of(task, call.first);
	if (!is_stream_socket(sk) || is_32bit(task))
		return 0;
	/* Positions are read from the socket after all messages moved: count back from the sum of the lengths. */
	for (i = 0; i < MAX_MESSAGES && i < exit->result; i++) {
		struct user_mmsghdr message = {};

		bpf_probe_read_user(&message, sizeof(message), (void *)(call.second + i * sizeof(message)));
		after += message.length;
	}
	for (i = 0; i < MAX_MESSAGES && i < exit->result; i++) {
		struct user_bytes bytes = {};
		struct user_mmsghdr message = {};

		bpf_probe_read_user(&message, sizeof(message), (void *)(call.second + i * sizeof(message)));
		bytes.vectors = message.header.vectors;
		bytes.vector_count = message.header.vector_count;
		bytes.known = bytes.vector_count != 0;
		after -= message.length;
		if (message.length)
			record_message((__u64)sk, direction, message.length, &bytes, after);
	}
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmmsg")
int exit_sendmmsg(struct syscall_exit *exit)
{
	return messages_exit(exit, DIRECTION_SENT);
}

SEC("tracepoint/syscalls/sys_exit_recvmmsg")
int exit_recvmmsg(struct syscall_exit *exit)
{
	return messages_exit(exit, DIRECTION_RECEIVED);
}

/* Bytes that the kernel moved by itself: lengths only. sendfile writes to its first descriptor, splice to its third. */
static __always_inline int kernel_transfer(struct syscall_exit *exit, bool third, __u8 direction)
{
	struct user_bytes bytes = {};
	struct task_struct *task;
	struct call call;
	struct sock *sk;

	if (exit->result <= 0 || !is_traced(current_ids() >> 32))
		return 0;
	current_transfer(&call, &task, -1);
	sk = socket_of(task, third ? call.third : call.first);
	if (is_stream_socket(sk))
		record_transfer(sk, direction, exit->result, &bytes);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendfile64")
int exit_sendfile64(struct syscall_exit *exit)
{
	return kernel_transfer(exit, false, DIRECTION_SENT);
}

SEC("tracepoint/syscalls/sys_exit_splice")
int exit_splice(struct syscall_exit *exit)
{
	kernel_transfer(exit, false, DIRECTION_RECEIVED);
	return kernel_transfer(exit, true, DIRECTION_SENT);
}

static __always_inline void report_end(struct sock *sk)
{
	struct connection *connection = find_connection(sk);
	__u64 key = (__u64)sk;

	if (connection) {
		report_connection(connection, EVENT_CLOSE, 0);
		bpf_map_delete_elem(&connections, &key);
	}
}

/* See socket_io.bpf.c for why a TCP connection ends with its socket and not with its state. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state_changed, struct sock *sk, int old, int new)
{
	if (new == TCP_LISTEN)
		report_listener(BPF_CORE_READ(sk, __sk_common.skc_num));
	else if (new == TCP_CLOSE && BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		report_end(sk);
	return 0;
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(destroyed, struct sock *sk)
{
	report_end(sk);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	return process_forked(parent, child);
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task)
{
	return process_executed(task);
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(exited, struct task_struct *task)
{
	return process_exited(task);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
