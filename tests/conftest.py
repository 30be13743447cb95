"""In a strict run (ROLLCALL_STRICT=1), a test that was skipped has failed."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# How long an example takes says nothing here: the machine may do something else meanwhile.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure that says why it was skipped."""
    report = yield
    if report.skipped and os.environ.get("ROLLCALL_STRICT") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"in a strict run nothing is skipped: {reason}"
    return report
