/*
 * A server and a client that exchange HTTP with sendmmsg and recvmmsg: several messages with several buffers in one
 * call. Both ends are this process. Prints METHOD PATH STATUS BODY_BYTES for each answered request.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 20
#define BATCH 5

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Sends BATCH texts, each cut into two buffers. */
static void send_batch(int end, char texts[BATCH][512])
{
	struct mmsghdr messages[BATCH] = {};
	struct iovec vectors[BATCH][2];
	int i, sent = 0;

	for (i = 0; i < BATCH; i++) {
		vectors[i][0] = (struct iovec){texts[i], 9};
		vectors[i][1] = (struct iovec){texts[i] + 9, strlen(texts[i]) - 9};
		messages[i].msg_hdr.msg_iov = vectors[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	while (sent < BATCH) {
		int now = sendmmsg(end, messages + sent, BATCH - sent, 0);

		if (now <= 0)
			die("sendmmsg");
		sent += now;
	}
}

/* Receives until `total` bytes are there, 100 bytes a message. */
static void receive_batch(int end, size_t total)
{
	while (total) {
		struct mmsghdr messages[BATCH] = {};
		struct iovec vectors[BATCH][2];
		char room[BATCH][100];
		int i, got;

		for (i = 0; i < BATCH; i++) {
			vectors[i][0] = (struct iovec){room[i], 30};
			vectors[i][1] = (struct iovec){room[i] + 30, 70};
			messages[i].msg_hdr.msg_iov = vectors[i];
			messages[i].msg_hdr.msg_iovlen = 2;
		}
		got = recvmmsg(end, messages, BATCH, MSG_WAITFORONE, NULL);
		if (got <= 0)
			die("recvmmsg");
		for (i = 0; i < got; i++)
			total -= messages[i].msg_len;
	}
}

static size_t length_of(char texts[BATCH][512])
{
	size_t total = 0;
	int i;

	for (i = 0; i < BATCH; i++)
		total += strlen(texts[i]);
	return total;
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	char texts[BATCH][512];
	int server, round, i;
	size_t end;

	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 8) ||
	    getsockname(listener, (struct sockaddr *)&address, &length) ||
	    connect(client, (struct sockaddr *)&address, length))
		die("connect");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		die("accept");
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BATCH; i++)
			snprintf(texts[i], sizeof(texts[i]), "GET /%d/%d HTTP/1.1\r\nHost: there\r\n\r\n", round, i);
		send_batch(client, texts);
		receive_batch(server, length_of(texts));
		for (i = 0; i < BATCH; i++) {
			int size = (round * 13 + i * 29) % 200;

			snprintf(texts[i], sizeof(texts[i]), "HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n",
				 400 + round * BATCH + i, size);
			end = strlen(texts[i]);
			memset(texts[i] + end, 'b', size);
			texts[i][end + size] = 0;
			printf("GET /%d/%d %d %d\n", round, i, 400 + round * BATCH + i, size);
		}
		send_batch(server, texts);
		receive_batch(client, length_of(texts));
	}
	close(client);
	close(server);
	return 0;
}
