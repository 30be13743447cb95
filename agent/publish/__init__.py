"""Whole files: a reader sees the old one or the new one, never half of one.

`writing` replaces a file, `claim` keeps two agents from replacing one in turns, `target` tells
beforehand what would keep it from being replaced, and `reading` says what is there. None of them
knows what is in a file.
"""

from agent.publish.claim import Claim
from agent.publish.errors import Fault, PublishError
from agent.publish.reading import OTHER, OnDisk, digest, opened, read
from agent.publish.target import check_target, try_folder
from agent.publish.writing import DEFAULT_MODE, Check, publish, sweep

__all__ = [
    "DEFAULT_MODE",
    "OTHER",
    "Check",
    "Claim",
    "Fault",
    "OnDisk",
    "PublishError",
    "check_target",
    "digest",
    "opened",
    "publish",
    "read",
    "sweep",
    "try_folder",
]
