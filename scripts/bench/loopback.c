/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one write plus one read on TCP cost: one process talks to itself over loopback, pinned to one CPU, so that
 * scheduling adds no noise. It speaks whole HTTP exchanges, so that a tracer has all its work to do. Prints nanoseconds
 * per pair of calls for each round; between rounds it pauses, so that a tracer's reader is not what is measured.
 * "getppid" measures a call without a socket. It goes on until it is killed.
 *
 *   loopback socket|getppid PAIRS_PER_ROUND BYTES PAUSE_MICROSECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES 65536

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

/* A message of exactly so many bytes: a start line, a header that fills, and the end of the head. */
static void message(char *buffer, int bytes, const char *start)
{
	int length = snprintf(buffer, bytes, "%sX-Fill: ", start);

	must(length + 4 <= bytes, "more BYTES");
	memset(buffer + length, 'x', bytes - length - 4);
	memcpy(buffer + bytes - 4, "\r\n\r\n", 4);
}

static void pin_to_first_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	must(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

static void connect_to_itself(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int listener;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(!listen(listener, 1), "listen");
	must(!getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(ends[0], (struct sockaddr *)&address, sizeof(address)), "connect");
	ends[1] = accept(listener, NULL, NULL);
	must(ends[1] >= 0, "accept");
}

int main(int argc, char **argv)
{
	static char messages[2][MAX_BYTES], into[MAX_BYTES];
	int ends[2], pairs, bytes, pause, on_socket, i;

	must(argc == 5, "usage: loopback socket|getppid PAIRS_PER_ROUND BYTES PAUSE_MICROSECONDS");
	on_socket = !strcmp(argv[1], "socket");
	pairs = atoi(argv[2]) & ~1;
	bytes = atoi(argv[3]);
	pause = atoi(argv[4]);
	must(pairs > 0 && bytes > 0 && bytes <= MAX_BYTES, "PAIRS_PER_ROUND, BYTES");
	message(messages[0], bytes, "GET /cost HTTP/1.1\r\nHost: localhost\r\n");
	message(messages[1], bytes, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	pin_to_first_cpu();
	connect_to_itself(ends);
	for (;;) {
		double start = now();

		for (i = 0; i < pairs; i++) {
			int from = i & 1;

			if (!on_socket) {
				syscall(SYS_getppid);
				continue;
			}
			must(write(ends[from], messages[from], bytes) == bytes, "write");
			must(read(ends[!from], into, bytes) == bytes, "read");
		}
		printf("%.1f\n", (now() - start) / pairs);
		fflush(stdout);
		usleep(pause);
	}
}
