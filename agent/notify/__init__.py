"""Notifiers: each tells one reader of the files, in its own way, that they have changed.

A try is one attempt; when there is another one, `core/delivery.py` says. docs/hooks.md describes
all of it for people. None of them knows a setting. Each kind is imported from its own module, so
that nobody pays for the others.
"""

from agent.notify.attempts import Around

__all__ = ["Around"]
