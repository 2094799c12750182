// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Payload of sends and receives, family tp_btf: sock:sock_send_length and sock:sock_recv_length (Linux 6.3, commit
 * 6e6eda44b939) fire once in the socket layer for each transfer, whatever the system call, and cost nothing to calls
 * that touch no socket. They bring the socket and the result; the buffer is found through the thread's saved registers.
 */
#define SOCKET_STORAGE
#define TYPED_POINTERS
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

static __always_inline bool in_user_call(struct task_struct *task)
{
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER))
		return false;
#if defined(__TARGET_ARCH_x86)
	return !(task->thread_info.status & X86_STATUS_COMPAT);
#else
	return !(task->thread_info.flags & ARM64_FLAG_32BIT);
#endif
}

static __always_inline void current_call(struct call *call, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

#if defined(__TARGET_ARCH_x86)
	call->number = regs->orig_ax;
	call->first = regs->di;
	call->second = regs->si;
	call->third = regs->dx;
#else
	call->number = regs->syscallno;
	call->first = regs->orig_x0;
	call->second = regs->regs[1];
	call->third = regs->regs[2];
#endif
}

/*
 * A thread with an io_uring may run a ring's transfers at the end of any other call, whose arguments then speak of
 * another socket: believe them only if their descriptor is this socket.
 */
static __always_inline bool call_is_about(const struct call *call, struct task_struct *task, struct sock *sk)
{
	struct file *file = NULL;
	struct file **files;

	if (!task->io_uring)
		return true;
	if (!task->files || call->first >= BPF_CORE_READ(task, files, fdt, max_fds))
		return false;
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + call->first);
	return file && BPF_CORE_READ(file, private_data) == (void *)sk->sk_socket;
}

static __always_inline void transferred(struct sock *sk, __u8 direction, __u32 length, bool in_user_memory)
{
	struct user_bytes bytes = {};
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call;

	if (in_user_memory && length && in_user_call(task)) {
		current_call(&call, task);
		if (call_is_about(&call, task, sk))
			find_call_bytes(&bytes, &call, sk, length);
	}
	record_transfer(sk, direction, length, &bytes);
}

static __always_inline bool is_of_interest(struct sock *sk)
{
	return is_traced(current_ids() >> 32) && is_stream(sk->__sk_common.skc_family, sk->sk_type);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sent, struct sock *sk, int result, int flags)
{
	if (result > 0 && !(flags & MSG_OOB) && is_of_interest(sk))
		transferred(sk, DIRECTION_SENT, result, true);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(received, struct sock *sk, int result, int flags)
{
	if (result >= 0 && !(flags & (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB)) && is_of_interest(sk))
		transferred(sk, DIRECTION_RECEIVED, result, !(flags & MSG_TRUNC));
	return 0;
}

static __always_inline void report_end(struct sock *sk)
{
	struct connection *connection = find_connection(sk);

	if (connection && connection->id)
		report_connection(connection, EVENT_CLOSE, 0);
}

/*
 * The end of a TCP connection is the end of its socket: its state is TCP_CLOSE as soon as both ends have said so (or one
 * has reset it), while bytes may still wait to be read. MPTCP has no other hook than the state.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_changed, struct sock *sk, int old, int new)
{
	__u32 port;

	if (new == TCP_LISTEN) {
		port = sk->__sk_common.skc_num;
		report_listener(port);
	} else if (new == TCP_CLOSE && sk->sk_protocol != IPPROTO_TCP) {
		report_end(sk);
	}
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(destroyed, struct sock *sk)
{
	report_end(sk);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	return process_forked(parent, child);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task)
{
	return process_executed(task);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exited, struct task_struct *task)
{
	return process_exited(task);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
