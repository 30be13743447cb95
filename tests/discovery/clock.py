"""A clock that tests put forward, and servers that do it while they say nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.support.scripted_dns import Question, Stream, TcpScript, UdpScript

# Seconds. More than any timeout.
TOO_LONG = 3600.0


class Clock:
    """The real one, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class Overtime(Clock):
    """A clock for which time is up with each question that nobody answers.

    `silences` are these questions. Something comes back that is no answer, so that the asker looks
    at the clock instead of waiting: how busy the machine is does not matter.
    """

    def __init__(self) -> None:
        super().__init__()
        self.silences: list[Question] = []

    def udp(self, script: UdpScript) -> UdpScript:
        """The script, on this clock."""

        def run(question: Question) -> Iterable[bytes]:
            replies = [*script(question)]
            if not replies:
                self._pass(question)
            return replies or [question.wire]

        return run

    @property
    def tcp(self) -> TcpScript:
        """A connection on which the answer begins and does not go on."""

        def begin(question: Question, stream: Stream) -> None:
            self._pass(question)
            stream.send(b"\0")
            stream.hold()

        return begin

    def _pass(self, question: Question) -> None:
        self.silences.append(question)
        self.ahead += TOO_LONG
