"""The loop: what is done when, what is recorded after it, and when there is something to do."""

from tests.mutations.mutation import Mutation

LOOP = "agent/loop.py"
KEEPING = "agent/keeping.py"

FIRST = "nothing starts without its files"
QUIET = "a file is replaced only when its bytes would differ"
LOST = "nothing is lost: what failed, or was lost in a restart, is done again"
TOLD = "the database is told of each change, of what is in its file, and once"
POLLS = "the loop neither stalls nor spins"


def _mutation(name: str, rule: str, old: str, new: str, file: str = LOOP) -> Mutation:
    return Mutation(name, rule, file, old, new, "tests/test_loop.py")


MUTATIONS = (
    _mutation(
        "the view is kept after a file was written from it",
        LOST,
        "        self._remember()\n        match self._judge_gate():",
        "        match self._judge_gate():",
    ),
    _mutation(
        "what was notified is not kept before the next turn",
        LOST,
        "        self._remember()  # and what was notified, which a restart must know too\n",
        "",
    ),
    _mutation(
        "a memory that could not be kept is not kept later",
        LOST,
        "            self._said = None\n",
        "",
        KEEPING,
    ),
    _mutation(
        "the gate is open although a file is not written",
        FIRST,
        "        if not problem:\n            self._become_ready()",
        "        self._become_ready()",
    ),
    _mutation(
        "a file counts as written before it is",
        LOST,
        "                target.write(content)\n"
        "                self._ledgers[target.path] = ledger.wrote(digest(content))",
        "                self._ledgers[target.path] = ledger.wrote(digest(content))\n"
        "                target.write(content)",
    ),
    _mutation(
        "what somebody else did to a file is not noticed",
        LOST,
        "        return ledger.saw(on_disk)",
        "        return ledger",
    ),
    _mutation(
        "one file that fails keeps the next from being written",
        LOST,
        "problems = [self._publish_one(target, roll) for target in self._edges.targets]",
        "problems: list[str] = []\n"
        "        for target in self._edges.targets:\n"
        "            if not any(problems):\n"
        "                problems.append(self._publish_one(target, roll))",
    ),
    _mutation(
        "a file is rendered again each turn",
        QUIET,
        "        if before != roll or stamp != now:",
        "        if target:",
    ),
    _mutation(
        "a file that its reader rewrites is written again",
        QUIET,
        "                case str() | Unread():",
        "                case Unread():",
    ),
    _mutation(
        "a file of its reader's that can't be read is written again",
        QUIET,
        "                case str() | Unread():",
        "                case str():",
    ),
    _mutation(
        "nothing is written, and the gate is open, though no file may be there",
        FIRST,
        "                case Unread(reason, is_there=False):",
        "                case Unread(reason, is_there=None):",
    ),
    _mutation(
        "a file that can't be read is written again each turn",
        QUIET,
        "return self if isinstance(on_disk, Unread) else self.wrote(on_disk)",
        "return self.wrote(None if isinstance(on_disk, Unread) else on_disk)",
        "agent/core/reconcile.py",
    ),
    _mutation(
        "who answers is asked without haste",
        QUIET,
        "is_urgent=not self._is_ready)",
        "is_urgent=False)",
    ),
    _mutation(
        "a notification that failed is lost",
        TOLD,
        "        if self._edges.notify(self._roll()):",
        "        if self._edges.notify(self._roll()) or True:",
    ),
    _mutation(
        "the database is told of a file that is still to be written",
        TOLD,
        "if any(led.is_publish_due for led in ledgers) or not any(",
        "if not any(",
    ),
    _mutation(
        "the database is told of the first files",
        TOLD,
        "path: led if led.notified else led.told(led.published)",
        "path: led",
    ),
    _mutation(
        "what changed while the agent was away is not told",
        TOLD,
        "path: led if led.notified else led.told(led.published)",
        "path: led.told(led.published)",
    ),
    _mutation(
        "a change that has settled waits for the next answer",
        POLLS,
        "            membership.due(self._state, self._plan.rules),\n",
        "",
    ),
    _mutation(
        "the deadline waits for the next poll",
        POLLS,
        "            None if self._is_ready else self._deadline,\n",
        "",
    ),
    _mutation(
        "the loop turns at the deadline again and again",
        POLLS,
        "least = self._plan.gate.wait_timeout if now >= self._deadline else 0.0",
        "least = 0.0",
    ),
    _mutation(
        "polls stay far apart after an outage",
        POLLS,
        "self._pace = self._pace.answered(ttl, now)",
        "pass",
    ),
    _mutation(
        "the next poll is counted from the end of the last",
        POLLS,
        "self._next_poll = next_poll(now, self._plan.interval, self._pace, salt)",
        "self._next_poll = next_poll(\n"
        "                self._edges.clock.now(), self._plan.interval, self._pace, salt\n"
        "            )",
    ),
)
