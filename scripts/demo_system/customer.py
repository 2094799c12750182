"""The demo's traffic: one article for each line on stdin, over one kept connection. Prints the status it got.

usage: customer.py PORT-OF-SHOP
"""

from __future__ import annotations

import http.client
import sys

if __name__ == "__main__":
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    for line in sys.stdin:
        connection.request("GET", f"/articles/{line.strip()}")
        response = connection.getresponse()
        response.read()
        print(response.status, flush=True)
