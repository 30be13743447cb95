"""Runs in a container: the DNS server behind Docker's, that of the host or of the network's owner.

It is asked what Docker does not know. TABLE (a JSON file, read at each question) says what it
answers to `KIND name`: record data, null for silence; anything else is NXDOMAIN. Prints each
question. Needs dnspython.
"""

import contextlib
import json
import socketserver
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TABLE = "/table.json"
_TTL = 60


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, back = self.request
        query = dns.message.from_wire(wire)
        name = query.question[0].name
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        asked = f"{kind} {name.to_text(omit_final_dot=True).lower()}"
        print(f"{asked}\n", end="", flush=True)  # as one, for others print at the same time
        if (data := _table().get(asked, "")) is None:
            return
        answer = dns.message.make_response(query, recursion_available=True)
        if data:
            answer.answer.append(dns.rrset.from_text(name, _TTL, "IN", kind, data))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        back.sendto(answer.to_wire(), self.client_address)


def _table() -> dict[str, str | None]:
    """What TABLE says. Docker replaces a file in steps, so that it can be half there."""
    while True:
        with contextlib.suppress(OSError, ValueError):
            table: dict[str, str | None] = json.loads(Path(TABLE).read_bytes())
            return table
        time.sleep(0.01)


if __name__ == "__main__":
    server = socketserver.ThreadingUDPServer(("0.0.0.0", 53), _Udp)
    print("answering", flush=True)
    server.serve_forever()
