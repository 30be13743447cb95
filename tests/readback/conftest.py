from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.readback.image import need_programs
from tests.readback.programs import Programs
from tests.support.engine import need_engine, remove_leftovers


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    """The real programs. Without an engine or their image, tests are skipped."""
    engine = need_engine()
    try:
        remove_leftovers(engine)
        yield Programs(engine, need_programs(engine))
    finally:
        engine.close()
