/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one write plus one read on TCP cost: one process talks to itself over loopback, pinned to one CPU, so that
 * scheduling adds no noise. Prints nanoseconds per pair for each round; "getppid" measures a call without a socket.
 *
 *   loopback socket|getppid ROUNDS PAIRS BYTES
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

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int listener, client, server, rounds, pairs, bytes, on_socket;
	char *buffer;
	cpu_set_t cpus;

	must(argc == 5, "usage: loopback socket|getppid ROUNDS PAIRS BYTES");
	on_socket = !strcmp(argv[1], "socket");
	rounds = atoi(argv[2]);
	pairs = atoi(argv[3]);
	bytes = atoi(argv[4]);
	buffer = calloc(1, bytes);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(!listen(listener, 1), "listen");
	must(!getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	client = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(client, (struct sockaddr *)&address, sizeof(address)), "connect");
	server = accept(listener, NULL, NULL);
	must(server >= 0, "accept");
	memset(buffer, 'x', bytes);
	snprintf(buffer, bytes, "GET / HTTP/1.1\r\nHost: bench\r\n");
	while (rounds--) {
		double start = now();
		int i;

		for (i = 0; i < pairs; i++) {
			if (!on_socket) {
				syscall(SYS_getppid);
				continue;
			}
			must(write(client, buffer, bytes) == bytes, "write");
			must(read(server, buffer, bytes) == bytes, "read");
		}
		printf("%.1f\n", (now() - start) / pairs);
		fflush(stdout);
	}
	return 0;
}
