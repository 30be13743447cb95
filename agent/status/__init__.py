"""The status server: probes, metrics, and what the agent knows and does, over HTTP.

It answers from the newest `Snapshot` that it was shown, and changes nothing. What it answers is
decided without a socket (`routes`).
"""

from agent.status.routes import About

__all__ = ["About"]
