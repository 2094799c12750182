"""One process that is two programs: asks PORT for /first, then becomes curl and asks for /second.

With "fork" as third argument a child does the second half, and this process waits for it.
"""

import http.client
import os
import sys

port = sys.argv[1]
connection = http.client.HTTPConnection("127.0.0.1", int(port))
connection.request("GET", "/first")
connection.getresponse().read()
connection.close()
line = ["curl", "-sS", "-o", "/dev/null", f"http://127.0.0.1:{port}/second"]
if len(sys.argv) > 2 and (child := os.fork()):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os.execvp(line[0], line)
