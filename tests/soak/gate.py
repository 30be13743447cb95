"""A gate before the API double: shut, it is as if the API server were gone; its state stays."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.support.kubeapi import KubeApi

_HOST = "127.0.0.1"
_PIECE = 65536


class ApiGate:
    """Passes connections on to the API while it is open, from its making to `close`."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._to = int(api.url.rpartition(":")[2])
        self._lock = threading.Lock()
        self._joined: set[socket.socket] = set()
        self._listener = socket.create_server((_HOST, 0))
        self._port: int = self._listener.getsockname()[1]
        self._serve()

    @property
    def url(self) -> str:
        """Where CoreDNS finds the API."""
        return f"http://{_HOST}:{self._port}"

    @property
    def marker(self) -> str:
        """As of `KubeApi`."""
        return self._api.marker

    def shut(self) -> None:
        """Ends all connections, and refuses new ones."""
        self._listener.close()
        self._thread.join()
        with self._lock:
            for end in self._joined:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Takes connections again."""
        self._listener = socket.create_server((_HOST, self._port))
        self._serve()

    def close(self) -> None:
        """As `shut`, for good."""
        self.shut()

    def _serve(self) -> None:
        self._listener.settimeout(0.1)  # closing a socket does not wake who waits for it
        self._thread = threading.Thread(target=self._accept, args=(self._listener,))
        self._thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                asking, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            asking.settimeout(None)
            api = socket.create_connection((_HOST, self._to))
            with self._lock:
                self._joined |= {asking, api}
            for one, other in ((asking, api), (api, asking)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Copies one direction until either end is gone, and then ends both."""
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            if source in self._joined:
                self._joined.discard(source)
                source.close()
