"""The loop: what is done when, what is recorded after it, and when there is something to do."""

from tests.mutations.mutation import Mutation

LOOP = "agent/loop.py"
KEEPING = "agent/keeping.py"
PUBLISHING = "agent/publishing.py"
POLLING = "agent/polling.py"
DELIVERING = "agent/delivering.py"
DELIVERY = "agent/core/delivery.py"

FIRST = "nothing starts without its files"
QUIET = "a file is replaced only when its bytes would differ"
LOST = "nothing is lost: what failed, or was lost in a restart, is done again"
TOLD = "the database is told of each change, of what is in its file, and once"
POLLS = "the loop neither stalls nor spins"


def _mutation(  # noqa: PLR0913  # each is a column of the table below
    name: str, rule: str, old: str, new: str, file: str = LOOP, tests: str = "tests/test_loop.py"
) -> Mutation:
    return Mutation(name, rule, file, old, new, tests)


MUTATIONS = (
    _mutation(
        "at rest a file that somebody else changed stays as it is",
        LOST,
        "return is_same and not is_asked and self._deliveries.is_idle and self._publisher.is_idle",
        "return is_same and not is_asked and self._deliveries.is_idle",
    ),
    _mutation(
        "at rest nobody is told any more",
        TOLD,
        "return is_same and not is_asked and self._deliveries.is_idle and self._publisher.is_idle",
        "return is_same and not is_asked and self._publisher.is_idle",
        tests="tests/test_delivering.py",
    ),
    _mutation(
        "at rest nobody hears who answers",
        TOLD,
        "return is_same and not is_asked and",
        "return is_same and",
    ),
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
        "if not problem or (self._was_open and self._publisher.are_there):",
        "if True:",
    ),
    _mutation(
        "a file counts as written before it is",
        LOST,
        "                target.write(content)\n"
        "                output.ledger = output.ledger.wrote(output.wanted)",
        "                output.ledger = output.ledger.wrote(output.wanted)\n"
        "                target.write(content)",
        PUBLISHING,
    ),
    _mutation(
        "what somebody else did to a file is not noticed",
        LOST,
        "        return ledger.saw(on_disk)",
        "        return ledger",
        PUBLISHING,
    ),
    _mutation(
        "one file that fails keeps the next from being written",
        LOST,
        "problems = [self._one(output, roll, heard) for output in self._outputs]",
        "problems: list[str] = []\n"
        "        for output in self._outputs:\n"
        "            if not any(problems):\n"
        "                problems.append(self._one(output, roll, heard))",
        PUBLISHING,
    ),
    _mutation(
        "a file is rendered again each turn",
        QUIET,
        "        if self.of != roll or self.made_of != made_of:",
        "        if roll:",
        PUBLISHING,
    ),
    _mutation(
        "a file that its reader rewrites is written again",
        QUIET,
        "                case str() | Unread():",
        "                case Unread():",
        PUBLISHING,
    ),
    _mutation(
        "a file of its reader's that can't be read is written again",
        QUIET,
        "                case str() | Unread():",
        "                case str():",
        PUBLISHING,
    ),
    _mutation(
        "nothing is written, and the gate is open, though no file may be there",
        FIRST,
        "                case Unread(reason, is_there=False):",
        "                case Unread(reason, is_there=None):",
        PUBLISHING,
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
        "            case Lost(reason):\n"
        "                reader.delivery = reader.delivery.lost(reason, now)\n",
        "            case Lost(reason):\n"
        "                reader.delivery = reader.delivery.arrived()\n",
        DELIVERING,
    ),
    _mutation(
        "the database is told of a file that is still to be written",
        TOLD,
        "return stamp_of(self._publisher.published), self._publisher.written or self._roll()",
        "return stamp_of(self._publisher.published), self._roll()",
    ),
    _mutation(
        "the database is told of the first files",
        TOLD,
        "reader.delivery.told is None and not reader.notifier.rules.on_first:",
        "False:",
        DELIVERING,
    ),
    _mutation(
        "what changed while the agent was away is not told",
        TOLD,
        "_Reader(each, Delivery(told.get(each.name)))",
        "_Reader(each, Delivery())",
        DELIVERING,
    ),
    _mutation(
        "a notifier that is new after a restart is not told what changed since the first files",
        TOLD,
        "self._first = told.get(FIRST_FILES)",
        "self._first = None",
        DELIVERING,
    ),
    _mutation(
        "one file that can't be written keeps all from being told",
        TOLD,
        "        self._written = roll\n        output.state",
        "        output.state",
        PUBLISHING,
    ),
    _mutation(
        "a try that goes on is started again",
        TOLD,
        "if self.under_way is not None or (self.told",
        "if (self.told",
        DELIVERY,
    ),
    _mutation(
        "a failed try is forgotten when the files are again what was told",
        TOLD,
        'replace(self.told, stamp="")',
        "self.told",
        DELIVERY,
    ),
    _mutation(
        "the shortest gap between two is not kept",
        TOLD,
        "else self.began_at + rules.min_interval",
        "else self.began_at",
        DELIVERY,
    ),
    _mutation(
        "a notifier that is to be told again waits for the next poll",
        POLLS,
        "            self._deliveries.next(),\n",
        "",
    ),
    _mutation(
        "the init container tells a database that is not there yet",
        TOLD,
        "if self._plan.notifies and",
        "if",
    ),
    _mutation(
        "after a restart a file that can't be written ends the agent",
        TOLD,
        "or (self._was_open and self._publisher.are_there)",
        "",
        tests="tests/test_delivering.py",
    ),
    _mutation(
        "after a restart the gate is open although a file is not there",
        FIRST,
        "self._was_open and self._publisher.are_there",
        "self._was_open",
        tests="tests/test_delivering.py",
    ),
    _mutation(
        "after a damaged memory nobody is told",
        TOLD,
        "told = {FIRST_FILES: UNSURE} if wrong.is_damaged else {}",
        "told: dict[str, Told] = {}",
        KEEPING,
        "tests/test_delivering.py",
    ),
    _mutation(
        "that a try has begun is remembered after it has",
        TOLD,
        "                self._remember()\n                self._deliveries.start()\n",
        "                self._deliveries.start()\n",
        tests="tests/test_delivering.py",
    ),
    _mutation(
        "what its reader rewrites is news",
        TOLD,
        "(output for output in self._outputs if not output.target.is_kept)",
        "(output for output in self._outputs)",
        PUBLISHING,
        "tests/test_delivering.py",
    ),
    _mutation(
        "what it started goes on after its end",
        TOLD,
        "        self._deliveries.close()\n",
        "        pass\n",
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
        POLLING,
    ),
    _mutation(
        "the next poll is counted from the end of the last",
        POLLS,
        "next_poll(started, self._interval, self._pace, self._chance.random())",
        "next_poll(self.ended, self._interval, self._pace, self._chance.random())",
        POLLING,
    ),
    _mutation(
        "an answer came when it was asked for",
        POLLS,
        "self.ended = edges.clock.now()",
        "self.ended = started",
        POLLING,
    ),
    _mutation(
        "a no is a cache's word for as long as the last answer was",
        POLLS,
        "                self._pace = Pace()",
        "                pass",
        POLLING,
    ),
    _mutation(
        "at rest it seems to stand still",
        POLLS,
        "_replace(polls=self._poller.polls, next_poll=self._poller.due)",
        "_replace(polls=self._poller.polls)",
    ),
    _mutation(
        "all pods poll in step",
        POLLS,
        "random.Random(whose)",
        "random.Random(0)",
        POLLING,
    ),
)
