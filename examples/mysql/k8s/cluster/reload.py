"""Has HAProxy read its files again: a hook of its agent, given the socket of HAProxy's master.

From 2.7 on HAProxy says whether it took them. Where it did not, it goes on with what it had, and
this fails with its words, so that the agent tries again and its status says why.
"""

import socket
import sys

with socket.socket(socket.AF_UNIX) as master:
    master.settimeout(20.0)
    try:
        master.connect(sys.argv[1])
        master.sendall(b"reload\n")
        said = b"".join(iter(lambda: master.recv(4096), b"")).decode(errors="replace")
    except OSError as wrong:
        sys.exit(f"HAProxy can't be told: {sys.argv[1]}: {wrong.strerror or wrong}")
verdict, _, log = said.partition("\n--\n")
print(log or said, end="")
if verdict == "Success=0":
    alerts = [line for line in log.splitlines() if line.startswith("[ALERT]")]
    sys.exit("HAProxy did not take its files: " + " ".join(alerts or [log]))
