import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import agent.core.bootstrap as core
from agent.answering import answering
from agent.bootstrap import ASK_AGAIN, Adviser, Asking
from agent.core.bootstrap import Advice
from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.roll import Peer, Roll, Service
from tests.support.machines import LISTENS, REFUSES, SILENT, Machines
from tests.test_publish import longest_file, no_root

SERVICE = Service("db", "prod", "cluster.local")
OWN = "127.9.0.100"
PAGE = (Path(__file__).parents[1] / "docs" / "bootstrap.md").read_text(encoding="utf-8")
LISTED = Yes("DNS lists db-0 where it is")
SHORT = 0.2


@pytest.fixture
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(stack)


@dataclass
class Pod:
    """A pod with two volumes: the database's data and a place for the marker; and its network.

    `asked` are the peers of each round of connects, by name.
    """

    machines: Machines
    data: Path
    marker: Path
    now: float = 0.0
    asked: list[list[str]] = field(default_factory=list)

    @property
    def asking(self) -> Asking:
        return Asking(self.machines.port, SHORT, self.data, "", self.marker, allowed=True)

    def agent(self, asking: Asking | None = None) -> "Agent":
        """One that has just started."""
        return Agent(self, Adviser(asking or self.asking, lambda: self.now, self.ask))

    def ask(
        self, peers: Sequence[Peer], port: int, timeout: float, _: Callable[[], float]
    ) -> Mapping[str, Finding]:
        """Connects by the machine's clock: a network knows no other."""
        self.asked.append([peer.name for peer in peers])
        return answering(peers, port, timeout, time.monotonic)

    def found_database(self) -> None:
        (self.data / "ibdata1").touch()

    def wipe(self) -> None:
        shutil.rmtree(self.data)
        self.data.mkdir()


@dataclass
class Agent:
    """One run of the agent in a pod."""

    pod: Pod
    adviser: Adviser

    def advice(self, *others: str, me: str = "db-0", listing: Yes | CantTell = LISTED) -> Advice:
        """What it advises, beside peers at these addresses, called db-1, db-2, …"""
        named = {f"db-{n}": (address,) for n, address in enumerate(others, start=1)}
        own = Peer(SERVICE.pod(me), (OWN,))
        peers = tuple(Peer(SERVICE.pod(name), at) for name, at in named.items() if name != me)
        return self.adviser(Roll(SERVICE, own, (own, *peers)), listing)

    def word(self, *others: str, me: str = "db-0") -> str:
        return self.advice(*others, me=me).word


@pytest.fixture
def pod(machines: Machines, tmp_path: Path) -> Pod:
    for name in ("data", "state"):
        (tmp_path / name).mkdir()
    return Pod(machines, tmp_path / "data", tmp_path / "state" / "db-0.has-cluster")


# The life of a cluster.


def test_the_first_pod_of_a_new_set_is_told_first_and_join_ever_after(pod: Pod) -> None:
    agent = pod.agent()
    assert agent.word() == "first"
    assert not pod.marker.exists()
    pod.found_database()
    assert agent.word() == "join"
    assert pod.marker.exists()
    for _ in range(2):
        assert agent.word(REFUSES) == "join"
        agent = pod.agent()  # a restart


def test_a_pod_that_belonged_to_a_cluster_joins_even_when_its_data_is_wiped(pod: Pod) -> None:
    pod.found_database()
    assert pod.agent().word() == "join"
    pod.wipe()
    advice = pod.agent().advice(REFUSES)
    assert advice.word == "join"
    assert advice.reason.startswith(f"{pod.marker} says that this pod had a cluster before")


def test_a_person_who_removes_the_marker_may_found_again(pod: Pod) -> None:
    pod.found_database()
    agent = pod.agent()
    assert agent.word() == "join"
    pod.wipe()
    pod.marker.unlink()
    assert agent.word(REFUSES) == "first"


def test_a_restart_between_first_and_the_first_data_may_be_told_first_again(pod: Pod) -> None:
    assert pod.agent().word(REFUSES) == "first"
    assert pod.agent().word(REFUSES) == "first"


def test_two_agents_in_one_pod_agree_at_each_moment(pod: Pod) -> None:
    once, run = pod.agent(), pod.agent()
    assert {once.word(), run.word()} == {"first"}
    pod.found_database()
    assert {once.word(), run.word()} == {"join"}
    written = pod.marker.stat().st_mtime_ns
    assert {run.word(), once.word()} == {"join"}
    assert pod.marker.stat().st_mtime_ns == written
    pod.wipe()
    assert {once.word(), run.word()} == {"join"}


def test_a_wiped_pod_0_beside_live_peers_is_told_join_and_never_first(pod: Pod) -> None:
    pod.machines.listening(LISTENS)
    advice = pod.agent().advice(REFUSES, LISTENS)
    assert advice == Advice("join", f"db-2 at {LISTENS}:{pod.machines.port} answers")


def test_a_peer_that_answers_is_no_reason_to_join_for_ever(pod: Pod) -> None:
    """Its database may listen before there is a cluster: then nobody would ever found one."""
    listener = pod.machines.listening(LISTENS)
    agent = pod.agent()
    assert agent.word(LISTENS) == "join"
    assert not pod.marker.exists()
    listener.close()
    pod.machines.refusing(LISTENS)
    pod.now += ASK_AGAIN
    assert agent.word(LISTENS) == "first"


def test_a_set_where_all_start_at_once_has_one_pod_that_is_told_first(pod: Pod) -> None:
    agent = pod.agent()
    words = [agent.word(REFUSES, REFUSES, me=f"db-{n}") for n in range(3)]
    assert words == ["first", "join", "join"]


def test_a_pod_that_is_not_the_first_remembers_that_it_belongs_as_well(pod: Pod) -> None:
    """It may become the first: a set may be made to start at a higher ordinal."""
    pod.found_database()
    assert pod.agent().word(me="db-1") == "join"
    assert pod.marker.exists()


# What is looked at.


def test_an_agent_looks_no_further_than_what_settles_it(pod: Pod) -> None:
    agent = pod.agent()
    assert agent.word(REFUSES, me="db-1") == "join"
    pod.found_database()
    assert agent.word(REFUSES) == "join"
    pod.data = pod.data / "gone"  # with the marker, nobody looks for the data
    assert pod.agent().word(REFUSES) == "join"
    assert pod.asked == []


def test_a_survey_looks_at_everything_and_leaves_no_marker(pod: Pod) -> None:
    pod.machines.listening(LISTENS)
    pod.found_database()
    agent = pod.agent()
    peers = tuple(Peer(SERVICE.pod(f"db-{n}"), (at,)) for n, at in enumerate((OWN, LISTENS)))
    found = agent.adviser.survey(Roll(SERVICE, peers[0], peers), LISTED)
    signs = (found.lowest, found.marker, found.data, found.peers)
    assert [type(sign) for sign in signs] == [Yes, No, Yes, tuple]
    assert (found.allowed, found.listing, pod.asked) == (True, LISTED, [["db-1"]])
    assert core.advise(found) == Advice("join", f"{pod.data} holds 'ibdata1'")
    assert not pod.marker.exists()


def test_doubt_about_dns_or_the_volume_keeps_nobody_from_hearing_a_peer(pod: Pod) -> None:
    pod.machines.listening(LISTENS)
    agent = pod.agent(replace(pod.asking, data=None, marker=None, allowed=False))
    assert agent.advice(LISTENS, listing=CantTell("DNS is down")).word == "join"


def test_doubt_about_dns_is_doubt_about_founding(pod: Pod) -> None:
    advice = pod.agent().advice(REFUSES, listing=CantTell("DNS is down"))
    assert advice == Advice("unknown", "DNS is down")


def test_a_peer_that_is_silent_or_has_no_address_may_be_a_cluster(pod: Pod) -> None:
    pod.machines.silent(SILENT)
    advice = pod.agent().advice(REFUSES, SILENT)
    place = f"{SILENT}:{pod.machines.port}"
    assert advice == Advice("unknown", f"nothing came from db-2 at {place} in time")
    own = Peer(SERVICE.pod("db-0"), (OWN,))
    roll = Roll(SERVICE, own, (own, Peer(SERVICE.pod("db-1"))))
    assert pod.agent().adviser(roll, LISTED).word == "unknown"


def test_who_did_not_opt_in_is_never_told_first(pod: Pod) -> None:
    advice = pod.agent(replace(pod.asking, allowed=False)).advice(REFUSES)
    assert advice.word == "unknown"
    assert advice.reason.startswith("first is not allowed")


@pytest.mark.parametrize("others", [(OWN,), (REFUSES, OWN)])
def test_a_peer_that_dns_has_at_this_pods_own_address_was_not_heard(
    pod: Pod, others: tuple[str, ...]
) -> None:
    """Its pod is elsewhere by now; that nobody listens here yet says nothing of it."""
    pod.machines.refusing(OWN)
    advice = pod.agent().advice(*others)
    assert advice.word == "unknown"
    assert "at this pod's own address" in advice.reason


def test_a_database_that_listens_in_this_pod_is_no_peer(pod: Pod) -> None:
    pod.machines.listening(OWN)
    assert pod.agent().word(OWN) == "unknown"


def test_a_peer_with_an_old_address_and_a_new_one_is_heard_at_the_new_one(pod: Pod) -> None:
    pod.machines.listening(LISTENS)
    own, port = Peer(SERVICE.pod("db-0"), (OWN,)), pod.machines.port
    roll = Roll(SERVICE, own, (own, Peer(SERVICE.pod("db-1"), (OWN, LISTENS))))
    advice = pod.agent().adviser(roll, LISTED)
    assert advice == Advice("join", f"db-1 at {LISTENS}:{port} answers")


def test_the_same_peers_are_asked_again_only_after_a_while_and_others_at_once(pod: Pod) -> None:
    agent = pod.agent()
    agent.advice(REFUSES)
    pod.now = ASK_AGAIN - 0.1
    agent.advice(REFUSES)
    assert pod.asked == [["db-1"]]
    agent.advice(REFUSES, REFUSES)
    assert pod.asked == [["db-1"], ["db-1", "db-2"]]
    pod.now += ASK_AGAIN
    agent.advice(REFUSES, REFUSES)
    assert len(pod.asked) == 3


def test_between_two_rounds_the_advice_is_by_what_the_last_one_brought(pod: Pod) -> None:
    pod.machines.listening(LISTENS)
    agent = pod.agent()
    assert [agent.word(LISTENS), agent.word(LISTENS)] == ["join", "join"]
    assert [agent.word(REFUSES), agent.word(REFUSES)] == ["first", "first"]


# The database's folder.


@pytest.mark.parametrize("make", ["file", "folder", "hidden", "dangling link"])
def test_anything_in_the_folder_is_data(pod: Pod, make: str) -> None:
    thing = pod.data / (".hidden" if make == "hidden" else "thing")
    match make:
        case "folder":
            thing.mkdir()
        case "dangling link":
            thing.symlink_to("nowhere")
        case _:
            thing.touch()
    assert pod.agent().advice() == Advice("join", f"{pod.data} holds {thing.name!r}")


def test_what_a_new_file_system_brings_along_is_no_data(pod: Pod) -> None:
    (pod.data / "lost+found").mkdir()
    assert pod.agent().word() == "first"
    pod.found_database()
    assert pod.agent().word() == "join"


def test_a_folder_that_is_not_there_is_not_an_empty_one(pod: Pod) -> None:
    """It is the volume that nobody mounted into the agent's container."""
    pod.data.rmdir()
    advice = pod.agent().advice()
    assert advice.word == "unknown"
    assert advice.reason == (
        f"what is in {pod.data} can't be told: mount the database's volume into this container "
        "too, read-only is enough"
    )
    assert not pod.marker.exists()


def test_the_path_of_a_file_is_data_where_it_is_there_and_not_told_where_not(pod: Pod) -> None:
    file = replace(pod.asking, data=pod.data / "grastate.dat")
    assert pod.agent(file).word() == "unknown"
    (pod.data / "grastate.dat").touch()
    assert pod.agent(file).word() == "join"


def test_of_one_file_in_a_folder_that_is_there_it_can_be_told_either_way(pod: Pod) -> None:
    asking = replace(pod.asking, state_file="mysql/grastate.dat")
    pod.found_database()
    assert pod.agent(asking).word() == "first"
    (pod.data / "mysql").mkdir()
    assert pod.agent(asking).word() == "first"
    (pod.data / "mysql" / "grastate.dat").touch()
    advice = pod.agent(asking).advice()
    assert advice == Advice("join", f"{pod.data} holds mysql/grastate.dat")


@pytest.mark.parametrize("state_file", ["grastate.dat", "ibdata1/grastate.dat"])
def test_of_a_file_in_what_is_no_folder_or_is_not_there_it_cannot_be_told(
    pod: Pod, state_file: str
) -> None:
    asking = replace(pod.asking, state_file=state_file)
    pod.found_database()
    missing = replace(asking, data=pod.data / "gone")
    assert pod.agent(missing).word() == "unknown"
    no_folder = replace(asking, data=pod.data / "ibdata1")
    assert pod.agent(no_folder).word() == "unknown"
    if "/" in state_file:
        assert pod.agent(asking).word() == "unknown"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into; pytest's own are for the user who runs it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("state_file", ["", "grastate.dat"])
def test_a_folder_that_the_agent_may_not_read_is_not_an_empty_one(
    machines: Machines, open_folder: Path, state_file: str
) -> None:
    data, state = open_folder / "data", open_folder / "state"
    for folder in (data, state):
        folder.mkdir()
        folder.chmod(0o777)
    pod = Pod(machines, data, state / "marker")
    asking = replace(pod.asking, state_file=state_file)
    with no_root() as user:
        assert pod.agent(asking).word() == "first"
        pod.found_database()
    data.chmod(0o700)
    with no_root():
        advice = pod.agent(asking).advice()
    assert advice == Advice(
        "unknown",
        f"what is in {data} can't be told: user {user} may not read it, give it a group that may "
        "(fsGroup)",
    )


def test_a_folder_that_nobody_named_cannot_be_told_and_the_reason_names_the_key(pod: Pod) -> None:
    advice = pod.agent(replace(pod.asking, data=None)).advice()
    assert advice.word == "unknown"
    assert "name it with bootstrap.data" in advice.reason


# The marker.


def test_the_marker_tells_a_person_what_it_is_for(pod: Pod) -> None:
    pod.found_database()
    pod.agent().advice()
    assert pod.marker.read_text() == (
        f"db-0 has a cluster: {pod.data} holds 'ibdata1'.\n"
        "While this file is there, rollcall never says that it may found another.\n"
    )
    assert [file.name for file in pod.marker.parent.iterdir()] == [pod.marker.name]


@pytest.mark.parametrize("make", ["empty", "folder", "dangling link"])
def test_whatever_has_the_markers_name_is_one(pod: Pod, make: str) -> None:
    match make:
        case "folder":
            pod.marker.mkdir()
        case "dangling link":
            pod.marker.symlink_to("nowhere")
        case _:
            pod.marker.touch()
    assert pod.agent().word() == "join"


def test_who_cannot_remember_is_not_told_first(pod: Pod) -> None:
    pod.marker.parent.rmdir()
    advice = pod.agent().advice()
    assert advice.word == "unknown"
    assert advice.reason.startswith("it can't be remembered that this pod had a cluster: ")
    assert f"{pod.marker.parent} does not exist" in advice.reason
    advice = pod.agent(replace(pod.asking, marker=None)).advice()
    assert advice.word == "unknown"
    assert "name a file on a persistent volume with bootstrap.marker" in advice.reason


def test_a_marker_in_a_folder_that_is_a_file_cannot_be_told(pod: Pod) -> None:
    pod.found_database()
    asking = replace(pod.asking, marker=pod.data / "ibdata1" / "marker", data=pod.marker.parent)
    advice = pod.agent(asking).advice()
    assert advice.word == "unknown"
    assert advice.reason.endswith("ibdata1/marker can't be looked at: Not a directory")


@pytest.mark.parametrize("linked", ["neither", "marker", "data"])
def test_a_marker_that_would_be_wiped_with_the_data_remembers_nothing(
    pod: Pod, linked: str
) -> None:
    link = pod.marker.parent / "link"
    link.symlink_to(pod.data)
    folder = link if linked == "marker" else pod.data
    data = link if linked == "data" else pod.data
    asking = replace(pod.asking, marker=folder / "marker", data=data)
    reason = "is in the database's folder, and would be wiped with it"
    advice = pod.agent(asking).advice()
    assert advice.word == "unknown"
    assert advice.reason.endswith(reason)
    pod.found_database()
    advice = pod.agent(asking).advice()
    assert advice.word == "join"
    assert advice.reason.endswith(reason)
    assert [file.name for file in pod.data.iterdir()] == ["ibdata1"]


def test_a_marker_that_cannot_be_written_is_told_of_and_written_as_soon_as_it_can(
    machines: Machines, open_folder: Path
) -> None:
    data, state = open_folder / "data", open_folder / "state"
    for folder in (data, state):
        folder.mkdir()
        folder.chmod(0o777)
    pod = Pod(machines, data, state / "marker")
    state.chmod(0o555)
    with no_root() as user:
        agent = pod.agent()
        advice = agent.advice()
        assert advice.word == "unknown"
        assert f"{state} is not writable for user {user}" in advice.reason
        pod.found_database()
        advice = agent.advice()
    assert advice.word == "join"
    assert advice.reason.startswith(
        f"{data} holds 'ibdata1'; it can't be remembered that this pod had a cluster: {state} is "
        f"not writable for user {user}"
    )
    state.chmod(0o777)
    with no_root():
        assert agent.advice() == Advice("join", f"{data} holds 'ibdata1'")
    assert pod.marker.exists()


def test_a_full_volume_leaves_no_half_marker(pod: Pod) -> None:
    pod.found_database()
    with longest_file(10):
        advice = pod.agent().advice()
    assert advice.word == "join"
    assert "can't be remembered" in advice.reason
    assert list(pod.marker.parent.iterdir()) == []


# Signals.


class Stopped(BaseException):
    """What the agent's signal handler raises."""


def test_an_agent_that_is_stopped_while_it_asks_has_written_nothing(pod: Pod) -> None:
    def stopped(*_: object) -> Mapping[str, Finding]:
        raise Stopped

    adviser = Adviser(pod.asking, lambda: 0.0, stopped)
    with pytest.raises(Stopped):
        Agent(pod, adviser).advice(REFUSES)
    assert not pod.marker.exists()


# The page on it.


def test_the_table_in_the_docs_is_the_one_that_the_code_opens_with() -> None:
    held = core.__doc__
    assert held
    rules = re.findall(r"^\| (.+?) +\| (.+?) +\|$", held, re.MULTILINE)
    written = re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    assert len(rules) == 8
    assert [row for row in written if row in rules] == rules


@pytest.mark.parametrize(
    ("word", "starts"),
    [("first", ["--wsrep-new-cluster", "-v"]), ("join", ["-v"]), ("unknown", None), ("", None)],
)
def test_the_entrypoint_in_the_docs_founds_on_first_and_starts_nothing_on_unknown(
    tmp_path: Path, word: str, starts: list[str] | None
) -> None:
    (script,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "peers.env").write_text(f"PEERS_BOOTSTRAP={word}\n" if word else "")
    entrypoint = tmp_path / "docker-entrypoint.sh"
    entrypoint.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    entrypoint.chmod(0o755)
    ran = subprocess.run(
        ["sh", "-c", script.replace("/peers/", f"{tmp_path}/"), "sh", "-v"],
        env={"PATH": f"{tmp_path}:{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
    )
    started = ran.stdout.split()[2:] if ran.returncode == 0 else None
    assert started == starts
    assert (ran.stdout == "") == (starts is None)
