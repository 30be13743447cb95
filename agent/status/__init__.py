"""The status server: probes, metrics, and what the agent knows and does, over HTTP.

It answers from the newest `Snapshot` that it was shown, and changes nothing. What it answers is
decided without a socket (`routes`); `server` has the socket, and a thread of its own.
"""

from agent.status.about import About, Clocks
from agent.status.limits import Limits
from agent.status.listening import ListenError
from agent.status.server import NoServer, Server, serve

__all__ = ["About", "Clocks", "Limits", "ListenError", "NoServer", "Server", "serve"]
