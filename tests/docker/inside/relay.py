"""Runs in a container: takes questions from outside it to Docker's DNS, and brings answers back.

Bytes go through as they are. 127.0.0.11 is Docker's, within a container only. Needs nothing but
Python.
"""

import socket
import socketserver

_DOCKER = ("127.0.0.11", 53)
_LONGEST = 65535
# Seconds. Docker gives up a question that it forwarded before that.
_PATIENCE = 20.0


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, back = self.request
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inner:
            inner.settimeout(_PATIENCE)
            inner.connect(_DOCKER)
            inner.send(wire)
            try:
                answer = inner.recv(_LONGEST)
            except OSError:  # no answer, and so none outside either
                return
        back.sendto(answer, self.client_address)


class _Tcp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.create_connection(_DOCKER, _PATIENCE) as inner:
            inner.sendall(self.request.recv(_LONGEST))
            inner.shutdown(socket.SHUT_WR)
            while piece := inner.recv(_LONGEST):
                self.request.sendall(piece)


if __name__ == "__main__":
    import threading

    socketserver.ThreadingUDPServer.daemon_threads = True
    udp = socketserver.ThreadingUDPServer(("0.0.0.0", 53), _Udp)
    tcp = socketserver.ThreadingTCPServer(("0.0.0.0", 53), _Tcp)
    threading.Thread(target=udp.serve_forever, daemon=True).start()
    print("relaying", flush=True)
    tcp.serve_forever()
