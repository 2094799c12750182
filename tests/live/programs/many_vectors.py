"""Sends Redis commands, each in vectors of its own, by one sendmsg; reads until all answers are there."""

import socket
import sys

VECTORS = 1000

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    command = (b"*3\r\n$3\r\nSET\r\n", b"$1\r\nk\r\n$1\r\nv\r\n")
    vectors = [*command] * (VECTORS // 2)
    assert connection.sendmsg(vectors) == sum(map(len, vectors))
    answers = len(b"+OK\r\n") * (VECTORS // 2)
    while answers:
        answers -= len(connection.recv(answers))
