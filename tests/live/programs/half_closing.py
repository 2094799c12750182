"""A client that says it will send no more, and reads late: `half_closing.py PORT REQUESTS`."""

import socket
import sys
import time

for number in range(int(sys.argv[2])):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as end:
        end.sendall(f"GET /order/{number} HTTP/1.1\r\nHost: there\r\nConnection: close\r\n\r\n".encode())
        end.shutdown(socket.SHUT_WR)
        time.sleep(0.1)  # the answer and the server's end are here before anything is read
        data = b""
        while more := end.recv(10):
            data += more
        assert data.endswith(b"done\n"), data
