/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the same request at a fixed rate over kept connections, and times each response from the moment at which its
 * request was due: a server that stalls is charged for the requests that it kept waiting. One thread, one request in
 * flight on each connection. A response is as long as the first one was.
 *
 *   fixed_rate PORT REQUESTS_PER_SECOND SECONDS CONNECTIONS < REQUEST
 *
 * Prints: sent answered p50 p90 p99 p99.9 maximum (microseconds), in one line.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024
#define MAX_REQUEST 65536
/* Unanswered requests are given up so long after the last one was due. */
#define PATIENCE_NS 2000000000LL

struct connection {
	int socket;
	int missing;  /* bytes of the response */
	int64_t due;  /* when its request should have been sent */
};

static struct connection connections[MAX_CONNECTIONS];
static int idle[MAX_CONNECTIONS], idle_count;
static char request[MAX_REQUEST], response[MAX_REQUEST];
static int request_length, response_length;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void open_connection(int index, int port, int waiter)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
	int one = 1, length;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connections[index].socket = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(connections[index].socket, (struct sockaddr *)&address, sizeof(address)), "connect");
	setsockopt(connections[index].socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* The first exchange tells how long a response is, and warms the connection up. */
	must(write(connections[index].socket, request, request_length) == request_length, "write");
	usleep(index ? 0 : 20000);
	length = read(connections[index].socket, response, sizeof(response));
	must(length > 0 && (!response_length || length == response_length), "responses differ in length");
	response_length = length;
	must(!epoll_ctl(waiter, EPOLL_CTL_ADD, connections[index].socket, &event), "epoll_ctl");
	idle[idle_count++] = index;
}

/* Takes what arrived; returns the time since the request was due once the response is whole, else -1. */
static int64_t receive(int index)
{
	struct connection *connection = &connections[index];
	int length = recv(connection->socket, response, sizeof(response), MSG_DONTWAIT);

	if (length < 0 && errno == EAGAIN)
		return -1;
	must(length > 0, "the server closed a connection");
	connection->missing -= length;
	if (connection->missing > 0)
		return -1;
	idle[idle_count++] = index;
	return now() - connection->due;
}

static void send_one(int64_t due)
{
	int index = idle[--idle_count];

	connections[index].due = due;
	connections[index].missing = response_length;
	must(write(connections[index].socket, request, request_length) == request_length, "write");
}

static int ascending(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	static const double shares[] = {0.5, 0.9, 0.99, 0.999, 1};
	struct epoll_event events[64];
	int64_t start, wanted, sent = 0, answered = 0, *latencies;
	double rate;
	int waiter, count, i;

	must(argc == 5, "usage: fixed_rate PORT REQUESTS_PER_SECOND SECONDS CONNECTIONS < REQUEST");
	rate = atof(argv[2]);
	wanted = rate * atof(argv[3]);
	count = atoi(argv[4]);
	must(wanted > 0 && count > 0 && count <= MAX_CONNECTIONS, "arguments");
	request_length = fread(request, 1, sizeof(request), stdin);
	latencies = calloc(wanted, sizeof(*latencies));
	must(request_length > 0 && latencies, "request");
	prctl(PR_SET_TIMERSLACK, 1);
	waiter = epoll_create1(0);
	for (i = 0; i < count; i++)
		open_connection(i, atoi(argv[1]), waiter);
	start = now();
	while (answered < wanted) {
		int64_t due = start + sent * 1e9 / rate, left = due - now();
		struct timespec wait = {0};
		int ready;

		if (sent < wanted && left <= 0 && idle_count) {
			send_one(due);
			sent++;
			continue;
		}
		if (sent == wanted && left < -PATIENCE_NS)
			break;
		/* All sent, or all connections busy: only a response can be next. */
		if (sent == wanted || !idle_count)
			left = PATIENCE_NS;
		wait.tv_sec = left / 1000000000;
		wait.tv_nsec = left % 1000000000;
		ready = epoll_pwait2(waiter, events, 64, &wait, NULL);
		for (i = 0; i < ready; i++) {
			int64_t latency = receive(events[i].data.u32);

			if (latency >= 0)
				latencies[answered++] = latency;
		}
	}
	qsort(latencies, answered, sizeof(*latencies), ascending);
	printf("%lld %lld", (long long)sent, (long long)answered);
	for (i = 0; answered && i < 5; i++)
		printf(" %.1f", latencies[(int64_t)((answered - 1) * shares[i])] / 1e3);
	printf("\n");
	return 0;
}
