"""Notifiers: each tells one reader of the files, in its own way, that they have changed.

A try is one attempt; when there is another one, `core/delivery.py` says. docs/hooks.md describes
all of it for people. None of them knows a setting.
"""

from agent.notify.attempts import Around
from agent.notify.exec import Exec
from agent.notify.http import Http
from agent.notify.signal import ByName, ByPidfile, Signal

__all__ = ["Around", "ByName", "ByPidfile", "Exec", "Http", "Signal"]
