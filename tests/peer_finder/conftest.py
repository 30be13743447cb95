from __future__ import annotations

from tests.cases.conftest import net, shared_net
from tests.e2e.conftest import start

__all__ = ["net", "shared_net", "start"]
