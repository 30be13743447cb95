"""Snapshots of one agent, db-1 of three, in the situations that it may be in."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from agent.core.bootstrap import Advice
from agent.core.delivery import Delivery, Told
from agent.core.identity import Contradiction, Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.observation import Absent, Answered, Endpoint, Why
from agent.core.roll import Service
from agent.core.snapshot import NotifierState, OutputState, Polls, Snapshot
from agent.status import About, Clocks
from agent.status.about import Moment

SERVICE = Service("db", "prod", "cluster.local")
RULES = Rules()
STARTED = 100.0
# What they are looked at. The last answer was 1 s before, and the next poll is 0.5 s after it.
NOW = 160.0
OFFSET = 1_700_000_000.0
ABOUT = About("0.1.0", STARTED, patience=30.0)
MOMENT = Moment(NOW, OFFSET)
CLOCKS = Clocks(lambda: NOW, lambda: OFFSET + NOW)

_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "pod name": "POD_NAME",
        "ordinal": "the pod name",
        "service": "/etc/hosts",
        "namespace": "POD_NAMESPACE",
        "cluster domain": "/etc/hosts",
        "addresses": "POD_IP",
    }
)
ME = Identity("db-1", "db", 1, SERVICE, ("10.0.0.3",), _SOURCES)
_WAITING = Membership(ME)


def endpoints(*ordinals: int) -> Answered:
    """An answer that lists these pods."""
    listed = tuple(Endpoint(SERVICE.pod(f"db-{n}"), (f"10.0.0.{n + 2}",)) for n in ordinals)
    return Answered(listed, ttl=5.0)


def membership(*answers: tuple[float, Answered]) -> Membership:
    """What is known after these answers, each with its time."""
    state = Membership(ME)
    for at, answer in answers:
        state = observe(state, answer, at, RULES).state
    return state


def shown(state: Membership, **more: Any) -> Snapshot:
    """A snapshot of a membership, ready and well unless told otherwise."""
    polls = Polls().saw(endpoints(0, 1), NOW - 2).saw(endpoints(0, 1), NOW - 1)
    well = Snapshot(
        me=ME,
        membership=state,
        rules=RULES,
        roll=state.roll(None, 0),
        started=STARTED,
        next_poll=NOW + 0.5,
        patience=30.0,
        is_ready=True,
        gate="all files are written",
        polls=polls,
    )
    return well._replace(**more)


def waiting() -> Snapshot:
    """DNS has not named db-0 yet, and nothing was ever written."""
    polls = Polls().saw(Absent("DNS has no db.prod.svc.cluster.local (NXDOMAIN)", Why.NO_DATA), NOW)
    return shown(
        _WAITING,
        is_ready=False,
        gate="DNS has not named anybody yet",
        polls=polls,
        outputs=(OutputState("galera", "/peers/peers.cnf"),),
        notifiers=(NotifierState("on-change", Delivery()),),
    )


def ready() -> Snapshot:
    """All is well, and there was nobody to notify yet."""
    state = membership((NOW - 40, endpoints(0, 1, 2)), (NOW - 1, endpoints(0, 1, 2)))
    return shown(
        state,
        outputs=(OutputState("galera", "/peers/peers.cnf", "current", "", 1, 0, NOW - 39),),
    )


def failing() -> Snapshot:
    """DNS is away, db-2 was missing before, and each output and notifier is in another state."""
    state = membership(
        *((NOW - 40 + n, endpoints(0, 1, 2)) for n in range(30)),
        *((NOW - 10 + n, endpoints(0, 1)) for n in range(5)),
    )
    roll = replace(
        state.roll(3, 0),
        bootstrap="join",
        answering={7000: {SERVICE.pod("db-0"): True, SERVICE.pod("db-2"): False}},
    )
    polls = Polls(5, 1, 2, "nothing came from 10.96.0.10:53 in 2 s", NOW - 6)
    before, after = Told("a", roll.peers[:1]), Told("b", roll.peers)
    return shown(
        state,
        me=replace(ME, contradictions=(Contradiction("service", "other", "the service is odd"),)),
        roll=roll,
        polls=polls,
        advice=Advice("join", "db-0 answers on port 4567"),
        outputs=(
            OutputState("galera", "/peers/peers.cnf", "current", "", 2, 0, NOW - 39),
            OutputState("cassandra", "/peers/c.yaml", "withheld", "nobody answers on port 7000"),
            OutputState(
                "json", '/peers/"odd"\\.json', "failed", "no space is left", 1, 7, NOW - 30
            ),
            OutputState("etcd", "/peers/etcd.yaml", "kept"),
        ),
        notifiers=(
            NotifierState("on-change", Delivery(told=after, successes=2)),
            NotifierState("reload", Delivery(before, after, NOW - 2, waits_since=NOW - 3)),
            NotifierState("signal HUP", Delivery(before, waits_since=NOW - 1.5), due=NOW + 20),
            NotifierState(
                "http 127.0.0.1:8080",
                Delivery(
                    told=before,
                    began_at=NOW - 9,
                    failed=3,
                    reason="failed with 1, and said nothing",
                    not_before=NOW + 3.2,
                    waits_since=NOW - 12,
                    successes=1,
                    failures=5,
                ),
                due=NOW + 3.2,
            ),
        ),
    )


def example() -> Snapshot:
    """What docs/status.md shows: db-2 has just gone, and the hook fails."""
    some = failing()
    return some._replace(
        me=ME,
        roll=some.membership.roll(3, 0),
        polls=Polls(60, 0, 0, "", NOW - 0.6),
        advice=None,
        outputs=some.outputs[:1],
        notifiers=(replace(some.notifiers[-1], name="exec on-change"),),
    )


def stuck() -> Snapshot:
    """The loop has done nothing for 40 s."""
    return ready()._replace(next_poll=NOW - 40)


def observer() -> Snapshot:
    """An agent that follows a service that it is not part of."""
    sources = {**_SOURCES, "ordinal": "none: this pod is an observer"}
    me = replace(ME, pod="proxy", set_name="", ordinal=None, sources=sources, is_member=False)
    state = observe(Membership(replace(me, addresses=())), endpoints(0, 1), NOW - 9, RULES).state
    return shown(state, me=state.identity)


EVERY: Mapping[str, Snapshot | None] = MappingProxyType(
    {
        "starting": None,
        "waiting": waiting(),
        "ready": ready(),
        "failing": failing(),
        "example": example(),
        "stuck": stuck(),
        "observer": observer(),
    }
)
