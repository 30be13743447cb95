"""Runs a command: the news on its stdin and in its environment, its exit code as the outcome."""

from collections.abc import Sequence

from agent.core.delivery import Arrived, Lost, Outcome
from agent.core.notice import VARIABLES, Notice, Stdin, stdin_of, variables
from agent.edges import Attempt
from agent.notify.attempts import Around, ended, going_on
from agent.notify.lines import Lines
from agent.process import Process, StartError, last_words, why_not

# Seconds between SIGTERM and SIGKILL for a command that took too long.
_GRACE = 1.0


class Exec:
    """Runs `words` without a shell; `timeout` is in seconds.

    What it says is told as it comes, as `name` has it. What it leaves behind in its process group
    ends with it.
    """

    def __init__(
        self, name: str, words: Sequence[str], timeout: float, stdin: Stdin, around: Around
    ) -> None:
        self._name = name
        self._words = words
        self._timeout = timeout
        self._stdin: Stdin = stdin
        self._around = around

    def start(self, news: Notice) -> Attempt:
        """Begins a try. From the main thread only, as it starts a process."""
        inherited = {
            name: value
            for name, value in self._around.environment.items()
            if name not in VARIABLES  # of a hook that has started this agent
        }
        end = self._around.clock() + self._timeout
        try:
            process = Process(
                self._words, stdin_of(news, self._stdin), {**inherited, **variables(news)}
            )
        except StartError as wrong:
            return ended(Lost(str(wrong)), self._around)
        return going_on(self._name, lambda: self._await(process, end), process.kill, self._around)

    def _await(self, process: Process, end: float) -> Outcome:
        """How it ended, which it has to by `end` (clock seconds)."""
        lines = Lines(self._tell)
        try:
            code = process.awaited(end, self._around.clock, lines.take)
        finally:
            process.end(self._around.clock, _GRACE)
        lines.close()
        said = last_words(process.last.decode(errors="replace"))
        reason = why_not(code, self._timeout, said)
        return Lost(reason) if reason else Arrived()

    def _tell(self, line: str) -> None:
        self._around.tell("info", f"{self._name}: {line}", kind="hook", notifier=self._name)
