"""One question to DNS, answered or not, within a deadline: whom to ask, and whom next.

Knows nameservers and what they answer with, and nothing of services or peers.
"""

from collections.abc import Callable, Iterable, Sequence

import dns.rcode

from agent.core.nameservers import Nameserver
from agent.core.observation import Doubt
from agent.discovery import wire
from agent.discovery.attempt import Attempts, Failure, Reply
from agent.discovery.wire import Kind

# A try takes at most so many parts of the whole time, so that a lost packet gets a second try.
LEAST_TRIES = 2
# Seconds. Less than `forget_after` by far: what only the first one lists is missing for so long.
RETURN_AFTER = 10.0
# What another nameserver may know better than the one that said it.
_ASK_ANOTHER = {
    dns.rcode.SERVFAIL: Doubt.SERVFAIL,
    dns.rcode.REFUSED: Doubt.REFUSED,
    dns.rcode.NOTIMP: Doubt.NOTIMP,
    dns.rcode.FORMERR: Doubt.FORMERR,
}


class Resolver:
    """Asks the given nameservers in turn until one answers or time is up.

    Begins with the one that answered last, so that a dead one costs its time once in RETURN_AFTER
    seconds; then with the first again, which may know more than the others. An answer that
    is cut short over TCP too is no better a second time: it ends the asking with its round, which
    leaves time for a question with a shorter answer. Keeps no socket between questions and caches
    nothing. `nameservers` is called at each question; `timeout` is for all questions of a poll, in
    seconds; `clock` gives seconds and never goes back. `received` counts the bytes of all replies
    to `ask`.
    """

    def __init__(
        self,
        nameservers: Callable[[], tuple[Nameserver, ...]],
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.received = 0
        self._nameservers = nameservers
        self._timeout = timeout
        self._answered_last: Nameserver | None = None
        self._chosen_at = 0.0
        self._attempts = Attempts(clock)

    @property
    def answered_last(self) -> Nameserver | None:
        """The nameserver that did, where there are several."""
        return self._answered_last

    def deadline(self) -> float:
        """When a poll that begins now has to end (clock seconds)."""
        return self.clock() + self._timeout

    def ask(self, name: str, kind: Kind, deadline: float) -> Reply | Failure:
        """Asks for one name, given without its final dot, until `deadline` (clock seconds)."""
        try:
            question = wire.section(name, kind)
        except ValueError:
            return Failure(f"the name {name} is longer than DNS allows", Doubt.OTHER)
        servers = self._in_order()
        if not servers:
            return Failure("there is no nameserver to ask", Doubt.UNREACHABLE)
        try_for = self._timeout / max(LEAST_TRIES, len(servers))
        last: dict[Nameserver, Reply | Failure] = {}
        timed_out, is_cut = True, False
        # A round of refusals is not hurried again.
        while timed_out and not is_cut and self.clock() < deadline:
            timed_out = False
            for server in servers:
                until = min(deadline, self.clock() + try_for)
                tried = self._attempts.ask(server, question, until)
                if isinstance(tried, Reply):
                    self.received += len(tried.wire)
                    if tried.plain or tried.rcode not in _ASK_ANOTHER:
                        if len(servers) > 1:
                            self._choose(server)
                        return tried
                last[server] = tried
                timed_out = timed_out or (isinstance(tried, Failure) and tried.is_timeout)
                if doubt_of(tried) is Doubt.CUT_SHORT:
                    self._choose(server)
                    is_cut = True
                if self.clock() >= deadline:
                    break
        return _summary(last)

    def ask_many(self, names: Iterable[str], kind: Kind, deadline: float) -> dict[str, Reply]:
        """Asks for many names with short answers at once; those left out are for `ask`."""
        left = {wire.section(name, kind): name for name in names}
        replies: dict[str, Reply] = {}
        for server in self._in_order():
            for question, reply in self._attempts.ask_many(server, left, deadline).items():
                replies[left.pop(question)] = reply
        return replies

    def _in_order(self) -> Sequence[Nameserver]:
        """The nameservers, as given; but for a while the one that answered instead of the first."""
        servers = self._nameservers()
        if len(servers) < 2:
            return servers
        is_old = self.clock() - self._chosen_at >= RETURN_AFTER
        first = None if is_old else self._answered_last
        return sorted(servers, key=lambda server: server != first)

    def _choose(self, server: Nameserver) -> None:
        """Begins with this one from now on."""
        is_old = self.clock() - self._chosen_at >= RETURN_AFTER
        if is_old or server != self._answered_last:
            self._answered_last, self._chosen_at = server, self.clock()


def _summary(last: dict[Nameserver, Reply | Failure]) -> Reply | Failure:
    """What came of it all: what each nameserver did last, if it was not the same for all."""
    late = Failure("the time for this poll was over before the question", Doubt.NO_ANSWER)
    *_, final = [late, *last.values()]
    if len(last) < 2 or all(isinstance(tried, Reply) for tried in last.values()):
        return final
    cut = [each for each in last.values() if doubt_of(each) is Doubt.CUT_SHORT]
    timed_out = [each for each in last.values() if isinstance(each, Failure) and each.is_timeout]
    reason = "; ".join(refusal_of(tried) for tried in last.values())
    return Failure(reason, doubt_of([*cut, *timed_out, final][0]))


def refusal_of(tried: Reply | Failure) -> str:
    """Why it is no answer that can be used, in a phrase."""
    if isinstance(tried, Failure):
        return tried.reason
    return f"{tried.server} answered {dns.rcode.to_text(tried.rcode)}"


def doubt_of(tried: Reply | Failure) -> Doubt:
    """What kind of doubt it leaves."""
    if isinstance(tried, Failure):
        return tried.doubt
    return _ASK_ANOTHER.get(tried.rcode, Doubt.OTHER)
