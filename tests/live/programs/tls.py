"""TLS on a port: `tls.py PORT CERTIFICATE KEY`. Takes lines of random bytes (hex) and gives each back."""

import socket
import ssl
import sys
import threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])


def serve(end: socket.socket) -> None:
    try:
        with context.wrap_socket(end, server_side=True) as secure:
            while data := secure.recv(10000):
                secure.sendall(data)
    except OSError:
        pass


with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
