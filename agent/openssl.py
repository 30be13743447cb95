"""Leaves OpenSSL out of a process that has no use for it.

asyncio and hashlib load it where it is there, 5 MB in each pod and a tenth of the start, and do
without it on a Python that was built so. That is what this makes them believe. It knows nothing of
who asks under TLS: that takes it back.
"""

import importlib.util
import sys
from collections.abc import MutableMapping
from typing import Any

_MODULES = ("ssl", "_hashlib")
# Without these Python's own hashlib needs OpenSSL (configure's --with-builtin-hashlib-hashes).
_OWN_HASHES = ("_md5", "_sha1", "_sha3", "_blake2")
# None is for a module that can't be imported (the import system's own word).
_loaded: MutableMapping[str, Any] = sys.modules


def leave_out() -> None:
    """Has who asks for it be told that it is not there; before anything that asks is imported."""
    if all(map(importlib.util.find_spec, _OWN_HASHES)):
        for name in _MODULES:
            _loaded.setdefault(name, None)


def take_back() -> None:
    """Lets `ssl` be imported again."""
    if _loaded.get("ssl", ...) is None:
        del _loaded["ssl"]
