"""A client: `asking.py PORT THREADS REQUESTS`; each thread keeps one connection and asks for /order/<thread>-<n>.

With a fourth argument it asks once on a connection, waits for a line on stdin, and goes on with the same connection.
"""

import http.client
import sys
import threading

port, threads, requests = map(int, sys.argv[1:4])


def ask(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    assert response.status == 200
    sys.stdout.write(f"{path}\n")  # in one piece: print writes the line end by itself
    sys.stdout.flush()


def main(thread: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(requests):
        ask(connection, f"/order/{thread}-{number}")
    connection.close()


if len(sys.argv) > 4:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    ask(connection, "/order/before")
    sys.stdin.readline()
    for number in range(requests):
        ask(connection, f"/order/after-{number}")
else:
    workers = [threading.Thread(target=main, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
