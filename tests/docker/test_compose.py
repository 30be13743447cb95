"""`rollcall run` as docker-compose has it: in a container of its own, with Docker's DNS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.docker.fleet import Fleet
from tests.docker.hosts import SOON, Agent, Host, Upstream
from tests.support.until import until

FORGET_AFTER = 1.0
QUICK = ("--interval=100ms", "--settle=100ms", f"--forget-after={FORGET_AFTER:g}s", "--timeout=1s")


@dataclass(frozen=True, slots=True)
class Members:
    """The databases db-0, db-1, …, and the agent of the first one."""

    databases: list[Host]
    agent: Agent

    def addresses(self, *ordinals: int) -> dict[str, list[str]]:
        """What the file is to have for these."""
        return {f"db-{n}": [self.databases[n].address] for n in ordinals}

    def become(self, *ordinals: int) -> None:
        """Waits until the file names just these, where they are."""
        self.agent.locates(self.addresses(*ordinals))


def started(fleet: Fleet, *arguments: str) -> Members:
    """Three databases, and an agent beside them that expects as many and has written its file."""
    databases = [fleet.database(f"db-{n}", "db") for n in range(3)]
    members = Members(databases, fleet.agent("db-0", *QUICK, "--replicas=3", *arguments))
    members.become(0, 1, 2)
    return members


def at(event: dict[str, str]) -> float:
    """When it was logged, in seconds."""
    return datetime.fromisoformat(event["timestamp"]).timestamp()


@pytest.fixture
def upstream(fleet: Fleet) -> Upstream:
    """The DNS server behind Docker's; without it the host's own would be asked."""
    return fleet.upstream()


def test_the_gate_starts_the_databases_in_order_and_all_files_agree(
    fleet: Fleet, upstream: Upstream
) -> None:
    agents = [fleet.agent(f"db-{n}", *QUICK, "--replicas=3") for n in range(3)]
    databases: list[Host] = []
    for ordinal, agent in enumerate(agents):
        agent.tells("ready")
        for later in agents[ordinal + 1 :]:
            later.tells("waiting")
            assert later.document is None
        databases.append(fleet.database(f"db-{ordinal}", "db"))
    wanted = {f"db-{n}": [host.address] for n, host in enumerate(databases)}
    for agent in agents:
        agent.locates(wanted)
    assert [agent.document["self"]["name"] for agent in agents] == ["db-0", "db-1", "db-2"]


def test_a_stopped_member_is_kept_for_forget_after_and_then_dropped_whatever_the_ttl_said(
    fleet: Fleet, upstream: Upstream
) -> None:
    members = started(fleet)
    members.databases[1].stop()
    members.become(0, 2)
    (dropped,) = members.agent.tells("dropped")
    *_, missing = members.agent.events("missing")
    assert missing["about"] == dropped["about"] == "db-1"
    assert at(dropped) - at(missing) > 0.9 * FORGET_AFTER
    members.databases[1].start()
    members.become(0, 1, 2)


def test_a_paused_member_stays_while_a_killed_one_is_dropped(
    fleet: Fleet, upstream: Upstream
) -> None:
    members = started(fleet)
    members.databases[1].pause()
    members.databases[2].kill()
    members.become(0, 1)
    assert [event["about"] for event in members.agent.tells("dropped")] == ["db-2"]


def test_a_member_that_starts_again_at_another_address_is_followed(
    fleet: Fleet, upstream: Upstream
) -> None:
    members = started(fleet, "--forget-after=1h")
    before = members.databases[1].address
    fleet.move(members.databases[1])
    members.become(0, 1, 2)
    (moved,) = members.agent.tells("readdressed")
    assert moved["event"] == f"db-1 moved: {before} is now {members.databases[1].address}"
    assert not members.agent.events("dropped")


def test_a_strangers_answer_for_a_member_that_does_not_run_is_no_peer(
    fleet: Fleet, upstream: Upstream
) -> None:
    strangers = {"db-1": "10.77.0.1", "db-3": "10.77.0.3", "db-4": "10.77.0.4", "db-5": "8.8.8.8"}
    upstream.answers(
        {f"A {name}": address for name, address in strangers.items()}
        | {"PTR 4.0.77.10.in-addr.arpa": "db-4.lan.", "PTR 8.8.8.8.in-addr.arpa": "dns.example."}
    )
    members = started(fleet, "--replicas=6")
    members.databases[1].stop()
    members.become(0, 2)
    members.agent.tells("dropped")  # and so all that it told before
    told = {
        word for e in members.agent.events("added", "readdressed") for word in e["event"].split()
    }
    assert not told & {*strangers.values()}
    upstream.must_have("A db-1", "A db-3", "A db-4", "A db-5")


def test_names_that_nobody_answers_for_hold_up_no_other(fleet: Fleet, upstream: Upstream) -> None:
    upstream.answers({f"{kind} db-{n}": None for kind in ("A", "AAAA") for n in (1, 3)})
    members = started(fleet, "--replicas=4")
    members.databases[1].stop()
    until(lambda: upstream.asked().count("A db-1") > 1, SOON, "two polls lack db-1")
    fleet.move(members.databases[2])
    members.databases.append(fleet.database("db-3", "db"))
    wanted = members.addresses(0, 2, 3).items()
    until(lambda: members.agent.located.items() >= wanted, SOON, f"the file has {wanted}")


def test_without_replicas_it_follows_the_alias_where_containers_have_their_members_names(
    fleet: Fleet, upstream: Upstream
) -> None:
    names = [f"{fleet.project}-db-{n}" for n in range(3)]
    databases = [fleet.database(f"member-{name}", "db", container_name=name) for name in names]
    agent = fleet.agent(names[0], *QUICK, "--service=db")

    def has(*ordinals: int) -> None:
        wanted = {names[n]: [databases[n].address] for n in ordinals}
        agent.locates(wanted)

    has(0, 1, 2)
    databases[2].pause()
    databases[1].stop()
    has(0, 2)
    databases[1].start()
    has(0, 1, 2)
    fleet.move(databases[1])
    has(0, 1, 2)
    assert not any(asked.startswith("SRV") for asked in upstream.asked())


def test_on_two_networks_it_knows_the_containers_of_both(
    fleet: Fleet, upstream: Upstream, image: str
) -> None:
    databases = [fleet.database(f"db-{n}", "db") for n in range(3)]
    with Fleet(image) as another:
        agent = another.agent("db-1", *QUICK, "--replicas=3")
        fleet.connect(agent)

        def has_the_other_address_first() -> bool:
            agent.stop()
            agent.start()  # Docker joins networks in any order
            own = [line for line in agent.hosts if line.endswith(agent.short_id)]
            return own[0].startswith(f"{agent.address}\t")

        until(has_the_other_address_first, SOON, "the network without databases is joined first")
        wanted = {f"db-{n}": [host.address] for n, host in enumerate(databases)}
        agent.locates(wanted)


def test_the_first_agent_opens_its_gate_where_no_question_leaves_the_network(image: str) -> None:
    with Fleet(image, is_internal=True) as fleet:
        agents = [fleet.agent(f"db-{n}", *QUICK, "--replicas=3") for n in range(2)]
        agents[0].tells("ready")
        fleet.database("db-0", "db")
        agents[1].tells("ready")


def test_a_member_that_stops_is_dropped_where_no_question_leaves_the_network(image: str) -> None:
    with Fleet(image, is_internal=True) as fleet:
        members = started(fleet)
        members.databases[1].stop()
        members.become(0, 2)
