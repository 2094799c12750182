"""A server and a client that exchange HTTP with one pair of system calls.

    socket_calls.py CALL FOLDER [--requests N]

Four connections each over IPv4, IPv6 and a UNIX socket in FOLDER, two of them non-blocking, each end with its own
thread: N requests /<connection>/<number>, one after the other; the response's status and body follow from the path.
It prints one line for each answered request: METHOD PATH STATUS BODY_BYTES. Connections 8 to 11 are the UNIX sockets.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import tempfile
import threading
from collections.abc import Callable

Send = Callable[[socket.socket, bytes], int]
Receive = Callable[[socket.socket], bytes]
ROOM = 4096


def pieces(data: bytes) -> list[bytes]:
    """Cut into several buffers, one of them empty, at places that mean nothing."""
    return [data[:1], data[1:7], b"", data[7:30], data[30:]]


def buffers() -> list[bytearray]:
    return [bytearray(3), bytearray(11), bytearray(200), bytearray(ROOM)]


def joined(rooms: list[bytearray], length: int) -> bytes:
    return b"".join(rooms)[:length]


def receive_message(end: socket.socket) -> bytes:
    rooms = buffers()
    return joined(rooms, end.recvmsg_into(rooms)[0])


def receive_into(end: socket.socket) -> bytes:
    room = bytearray(ROOM)
    return bytes(room[: end.recv_into(room)])


def read_vectors(end: socket.socket) -> bytes:
    rooms = buffers()
    return joined(rooms, os.readv(end.fileno(), rooms))


def peek_then_receive(end: socket.socket) -> bytes:
    end.recv(10, socket.MSG_PEEK)
    return end.recv(ROOM)


def send_file(end: socket.socket, data: bytes) -> int:
    """Send the head from memory and the body from a file."""
    head, _, body = data.partition(b"\r\n\r\n")
    sent = end.send(head + b"\r\n\r\n", socket.MSG_MORE if hasattr(socket, "MSG_MORE") else 0)
    assert sent == len(head) + 4
    if body:
        with tempfile.TemporaryFile() as file:
            file.write(body)
            file.flush()
            while True:
                try:
                    assert os.sendfile(end.fileno(), file.fileno(), 0, len(body)) == len(body)
                    break
                except BlockingIOError:
                    select.select([], [end], [])
    return len(data)


def send_spliced(end: socket.socket, data: bytes) -> int:
    """Send the head from memory and the body through a pipe."""
    head, _, body = data.partition(b"\r\n\r\n")
    assert end.send(head + b"\r\n\r\n") == len(head) + 4
    if body:
        reading, writing = os.pipe()
        os.write(writing, body)
        assert os.splice(reading, end.fileno(), len(body)) == len(body)  # type: ignore[attr-defined,unused-ignore]
        os.close(reading)
        os.close(writing)
    return len(data)


def send_bytewise(end: socket.socket, data: bytes) -> int:
    for at in range(len(data)):
        while True:
            try:
                end.send(data[at : at + 1])
                break
            except BlockingIOError:
                select.select([], [end], [])
    return len(data)


CALLS: dict[str, tuple[Send, Receive]] = {
    "write": (lambda end, data: os.write(end.fileno(), data), lambda end: os.read(end.fileno(), ROOM)),
    "send": (lambda end, data: end.send(data), lambda end: end.recv(ROOM)),
    "send_peek": (lambda end, data: end.send(data), peek_then_receive),
    "sendto": (lambda end, data: end.send(data), receive_into),
    "sendmsg": (lambda end, data: end.sendmsg(pieces(data)), receive_message),
    "writev": (lambda end, data: os.writev(end.fileno(), pieces(data)), read_vectors),
    "sendfile": (send_file, lambda end: end.recv(ROOM)),
    "splice": (send_spliced, lambda end: end.recv(ROOM)),
    "bytewise": (send_bytewise, lambda end: end.recv(7)),
}


def status_of(thread: int, number: int) -> int:
    return 400 + (thread * 7 + number * 3) % 90


def body_of(thread: int, number: int) -> bytes:
    return b"b" * ((thread * 31 + number * 17) % 500)


def waiting(receive: Receive, end: socket.socket) -> bytes:
    """Receive once; a non-blocking socket first asks in vain, then waits."""
    while True:
        try:
            return receive(end)
        except BlockingIOError:
            select.select([end], [], [])


def take(receive: Receive, end: socket.socket, kept: bytearray) -> tuple[bytes, bytes] | None:
    """Take one message with Content-Length; None at the end."""
    while b"\r\n\r\n" not in kept:
        data = waiting(receive, end)
        if not data:
            return None
        kept += data
    head = bytes(kept[: kept.index(b"\r\n\r\n") + 4])
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(kept) < len(head) + length:
        kept += waiting(receive, end)
    body = bytes(kept[len(head) : len(head) + length])
    del kept[: len(head) + length]
    return head, body


def serve(end: socket.socket, send: Send, receive: Receive) -> None:
    kept = bytearray()
    while (message := take(receive, end, kept)) is not None:
        path = message[0].split(b" ")[1].decode()
        _, thread, number = path.split("/")
        body = body_of(int(thread), int(number))
        head = f"HTTP/1.1 {status_of(int(thread), int(number))} X\r\nContent-Length: {len(body)}\r\n\r\n"
        data = head.encode() + body
        assert send(end, data) == len(data)
    end.close()


def ask(end: socket.socket, thread: int, requests: int, call: tuple[Send, Receive], lock: threading.Lock) -> None:
    send, receive = call
    kept = bytearray()
    for number in range(requests):
        body = b"q" * (number % 40)
        data = f"POST /{thread}/{number} HTTP/1.1\r\nHost: there\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        assert send(end, data) == len(data)
        message = take(receive, end, kept)
        assert message is not None
        status = int(message[0].split(b" ")[1])
        assert (status, message[1]) == (status_of(thread, number), body_of(thread, number))
        with lock:
            print("POST", f"/{thread}/{number}", status, len(message[1]), flush=True)
    end.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("call", choices=CALLS)
    parser.add_argument("folder")
    parser.add_argument("--requests", type=int, default=10)
    options = parser.parse_args()
    send, receive = CALLS[options.call]
    addresses: list[tuple[socket.AddressFamily, tuple[str, int] | str]] = [
        (socket.AF_INET, ("127.0.0.1", 0)),
        (socket.AF_INET6, ("::1", 0)),
        (socket.AF_UNIX, f"{options.folder}/socket"),
    ]
    threads, lock = [], threading.Lock()
    for family, address in addresses:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen(64)
        for blocking in (True, True, False, False):
            client = socket.socket(family, socket.SOCK_STREAM)
            client.connect(listener.getsockname())
            server, _ = listener.accept()
            client.setblocking(blocking)
            server.setblocking(blocking)
            number = len(threads) // 2
            threads.append(threading.Thread(target=serve, args=(server, send, receive)))
            threads.append(
                threading.Thread(target=ask, args=(client, number, options.requests, CALLS[options.call], lock))
            )
    for each in threads:
        each.start()
    for each in threads:
        each.join()


main()
