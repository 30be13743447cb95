"""Listening for who answers: who is asked, when, and what is made of it."""

from collections.abc import Callable, Mapping, Sequence

from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.hearing import Heard, HearingRules
from agent.core.roll import Peer, Roll, Service
from agent.hearing import ANSWER_WITHIN, ASK_AGAIN, ASK_AGAIN_SOON, Listener, Wanted

SERVICE = Service("db", "prod", "cluster.local")
RULES = HearingRules(hold=30.0, longest_gap=10.0)


def pod(ordinal: int) -> Peer:
    return Peer(SERVICE.pod(f"db-{ordinal}"), (f"127.0.1.{ordinal}",))


def roll(me: int, count: int) -> Roll:
    return Roll(SERVICE, pod(me), tuple(pod(n) for n in range(count)))


class Network:
    """Peers that answer, refuse or say nothing, and who was asked, by name."""

    def __init__(self) -> None:
        self.now = 0.0
        self.up: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[list[str]] = []
        self.times: list[float] = []

    def ask(
        self, peers: Sequence[Peer], _port: int, timeout: float, _clock: Callable[[], float]
    ) -> Mapping[str, Finding]:
        self.times.append(timeout)
        self.asked.append([peer.name for peer in peers])
        return {peer.fqdn: self._finding(peer.name) for peer in peers}

    def _finding(self, name: str) -> Finding:
        if name in self.silent:
            return CantTell(f"nothing came from {name}")
        return Yes(f"{name} answers") if name in self.up else No(f"{name} refuses")

    def listener(self, *wanted: Wanted) -> Listener:
        return Listener(wanted, RULES, lambda: self.now, self.ask)


def names(heard: Heard, port: int = 7000) -> dict[str, bool]:
    return {fqdn.partition(".")[0]: word for fqdn, word in heard.answering[port].items()}


def test_who_answers_is_known_at_the_first_look() -> None:
    network = Network()
    network.up = {"db-0", "db-2"}
    listen = network.listener(Wanted(7000))
    assert names(listen(roll(1, 4), is_urgent=True)) == {"db-0": True, "db-2": True}
    assert network.asked == [["db-0", "db-2", "db-3"]]


def test_no_more_are_asked_than_are_wanted_where_these_answer() -> None:
    network = Network()
    network.up = {f"db-{n}" for n in range(9)}
    listen = network.listener(Wanted(7000, limit=3))
    assert len(names(listen(roll(8, 9), is_urgent=True))) == 3
    assert network.asked == [["db-0", "db-1", "db-2"]]


def test_all_others_are_asked_where_the_first_ones_are_too_few() -> None:
    network = Network()
    network.up = {"db-0", "db-4"}
    listen = network.listener(Wanted(7000, limit=2))
    assert names(listen(roll(8, 6), is_urgent=True)) == {"db-0": True, "db-4": True}
    assert network.asked == [["db-0", "db-1"], ["db-2", "db-3", "db-4", "db-5"]]


def test_nobody_is_asked_again_before_it_is_time_to() -> None:
    network = Network()
    network.up = {"db-1"}
    listen = network.listener(Wanted(7000))
    listen(roll(0, 2), is_urgent=True)
    for is_urgent, gap in ((True, ASK_AGAIN_SOON), (False, ASK_AGAIN)):
        network.asked.clear()
        network.now += gap - 0.1
        listen(roll(0, 2), is_urgent=is_urgent)
        assert network.asked == []
        network.now += 0.1
        listen(roll(0, 2), is_urgent=is_urgent)
        assert network.asked == [["db-1"]]


def test_another_membership_is_asked_at_once() -> None:
    network = Network()
    network.up = {"db-1", "db-2"}
    listen = network.listener(Wanted(7000))
    listen(roll(0, 2), is_urgent=False)
    assert names(listen(roll(0, 3), is_urgent=False)) == {"db-1": True, "db-2": True}
    assert names(listen(roll(0, 2), is_urgent=False)) == {"db-1": True}


def test_a_peer_that_stops_answering_counts_until_it_refused_for_the_hold() -> None:
    network = Network()
    network.up = {"db-1"}
    listen = network.listener(Wanted(7000))
    listen(roll(0, 2), is_urgent=False)
    network.up = set()
    heard = []
    for _ in range(8):
        network.now += ASK_AGAIN_SOON
        heard.append(names(listen(roll(0, 2), is_urgent=False)))
    began = (ASK_AGAIN - ASK_AGAIN_SOON) / ASK_AGAIN_SOON  # it is asked at its time, then often
    assert heard == [{"db-1": True}] * 8
    assert len(network.asked) - 1 == 8 - began
    for _ in range(4):
        network.now += ASK_AGAIN_SOON
        heard.append(names(listen(roll(0, 2), is_urgent=False)))
    assert heard[-1] == {"db-1": False}


def test_a_peer_that_is_down_at_each_time_of_asking_and_up_between_is_asked_more_often() -> None:
    """Two noes half a minute apart say nothing of the time between."""
    network = Network()
    network.up = {"db-1"}
    listen = network.listener(Wanted(7000))
    listen(roll(0, 2), is_urgent=False)
    for second in range(1, 300):
        network.now += 1.0
        network.up = set() if second % 30 < 5 else {"db-1"}
        assert names(listen(roll(0, 2), is_urgent=False)) == {"db-1": True}


def test_those_behind_the_first_are_forgotten_when_they_are_not_asked_any_more() -> None:
    network = Network()
    network.up = {"db-1"}
    listen = network.listener(Wanted(7000, limit=1))
    assert names(listen(roll(2, 3), is_urgent=True)) == {"db-1": True}
    network.up, network.now = {"db-0"}, ASK_AGAIN
    assert names(listen(roll(2, 3), is_urgent=True)) == {"db-0": True}


def test_a_round_takes_no_longer_than_it_may_over_all_ports_and_calls() -> None:
    network = Network()
    network.silent = {f"db-{n}" for n in range(9)}
    network.listener(Wanted(7000, limit=3), Wanted(9042))(roll(0, 9), is_urgent=True)
    assert len(network.asked) == 3
    first, rest, other = network.times
    assert first + other <= ANSWER_WITHIN
    assert rest <= ANSWER_WITHIN / 2


def test_what_is_new_is_told_once_and_what_is_waited_for_each_time() -> None:
    network = Network()
    network.up = {"db-0"}
    listen = network.listener(Wanted(7000))
    heard = listen(roll(1, 3), is_urgent=True)
    assert [each.sentence for each in heard.news] == ["db-0 answers on port 7000"]
    assert heard.waiting[7000] == "db-2 refuses, for 0 s of 30 s"
    heard = listen(roll(1, 3), is_urgent=True)
    assert (heard.news, heard.waiting[7000]) == ((), "db-2 refuses, for 0 s of 30 s")


def test_of_whom_nothing_comes_it_is_never_known() -> None:
    network = Network()
    network.silent = {"db-1"}
    listen = network.listener(Wanted(7000))
    for _ in range(9):
        network.now += ASK_AGAIN
        assert names(listen(roll(0, 2), is_urgent=True)) == {}


def test_each_port_is_known_by_itself_and_where_none_is_wanted_nobody_is_asked() -> None:
    network = Network()
    network.up = {"db-1"}
    heard = network.listener(Wanted(7000), Wanted(9042))(roll(0, 2), is_urgent=True)
    assert set(heard.answering) == {7000, 9042}
    network.asked.clear()
    assert not network.listener()(roll(0, 2), is_urgent=True).answering
    assert network.asked == []
