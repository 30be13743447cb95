"""docker-compose: containers are told from strangers, and silence from an outage.

The server is a script of Docker's DNS; `tests/docker` asks the real one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.observation import Absent, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer, Service
from agent.discovery import Discoverer, Inquiry, discoverer
from agent.discovery.naming import ASK_AGAIN
from tests.discovery.clock import Clock
from tests.discovery.conftest import Serve
from tests.discovery.test_observe import absent, answered
from tests.discovery.world import at
from tests.support.docker_dns import DockerDns, PodmanDns, nobody, pointer, points_to, silence
from tests.support.scripted_dns import Question, ScriptedDns

DB = Service("db", "", "")
SET = ("db-0", "db-1", "db-2")
Records = dict[str, tuple[str, ...]]
WHERE: Records = {name: (f"172.18.0.{n + 2}",) for n, name in enumerate(SET)}
# The agent's own container, beside the databases'.
HERE = ("172.18.0.9",)
AGENT = {"proj-agent-1": HERE}
# Of nobody's container: in the office, and of the public internet.
OFFICE, PUBLIC = "192.168.7.7", "9.9.9.9"


def asking(server: ScriptedDns, clock: Clock | None = None, **changes: Any) -> Discoverer:
    """A discoverer for db-0 that asks by the alias, or by names if it has `pods`."""
    inquiry = Inquiry(DB, Peer("db-0"), lambda: (at(server),), here=HERE)
    return discoverer(replace(inquiry, **changes), clock or Clock())


def by_name(server: ScriptedDns, **changes: Any) -> Discoverer:
    return asking(server, **{"pods": SET, **changes})


def three(**more: Any) -> DockerDns:
    """Three databases and the agent."""
    return DockerDns({**WHERE, **AGENT}, {"db": SET}, **more)


def located(seen: Observation) -> Records:
    return {endpoint.fqdn: endpoint.addresses for endpoint in answered(seen).endpoints}


def kinds(server: ScriptedDns) -> set[str]:
    return {question.kind for question in server.asked}


both = pytest.mark.parametrize("ask", [asking, by_name], ids=["by the alias", "by their names"])


@both
def test_containers_are_seen_by_their_names(serve: Serve, ask: Any) -> None:
    seen = answered(ask(serve(three())).observe())
    assert located(seen) == WHERE
    assert (seen.ttl, seen.is_whole, seen.remarks) == (600, True, ())


@both
def test_srv_records_are_never_asked_for_which_docker_hands_on(serve: Serve, ask: Any) -> None:
    docker = three()
    server = serve(docker)
    asking_on = ask(server)
    asking_on.observe()
    docker.containers = {}
    asking_on.observe()
    assert kinds(server) == {"A", "AAAA", "PTR"}


@both
def test_at_rest_no_name_of_an_address_is_asked_for_again(serve: Serve, ask: Any) -> None:
    server = serve(three())
    asking_on = ask(server)
    asking_on.observe()
    before = len(server.asked)
    asking_on.observe()
    assert {question.kind for question in server.asked[before:]} <= {"A", "AAAA"}


@both
def test_a_stopped_container_is_not_seen(serve: Serve, ask: Any) -> None:
    docker = three()
    asking_on = ask(serve(docker))
    asking_on.observe()
    del docker.containers["db-1"]
    seen = answered(asking_on.observe())
    assert set(located(seen)) == {"db-0", "db-2"}
    assert seen.is_whole


@both
def test_a_container_that_was_made_anew_is_seen_at_its_new_address(serve: Serve, ask: Any) -> None:
    docker = three()
    asking_on = ask(serve(docker))
    asking_on.observe()
    docker.containers["db-1"] = ("172.18.0.77",)
    assert located(asking_on.observe())["db-1"] == ("172.18.0.77",)


def swapped() -> Records:
    """db-1 and db-2 made anew, each with the address that the other one had."""
    return {**WHERE, **AGENT, "db-1": WHERE["db-2"], "db-2": WHERE["db-1"]}


def test_containers_that_took_each_others_addresses_are_told_apart_by_name_at_once(
    serve: Serve,
) -> None:
    docker = three()
    asking_on = by_name(serve(docker))
    asking_on.observe()
    docker.containers = swapped()
    assert located(asking_on.observe())["db-1"] == WHERE["db-2"]


def test_by_the_alias_they_are_told_apart_when_names_are_asked_for_again(serve: Serve) -> None:
    docker, clock = three(), Clock()
    asking_on = asking(serve(docker), clock)
    asking_on.observe()
    docker.containers = swapped()
    clock.ahead += ASK_AGAIN
    assert located(asking_on.observe())["db-1"] == WHERE["db-2"]


def test_by_the_alias_they_are_told_apart_at_once_if_nobody_was_there_in_between(
    serve: Serve,
) -> None:
    docker = three()
    asking_on = asking(serve(docker))
    asking_on.observe()
    docker.containers = dict(AGENT)
    assert isinstance(asking_on.observe(), Absent)
    docker.containers = swapped()
    assert located(asking_on.observe())["db-1"] == WHERE["db-2"]


def test_a_name_that_cant_be_asked_for_again_stays_as_it_was(serve: Serve) -> None:
    docker, clock = three(), Clock()
    silent = False
    server = serve(lambda q: () if silent and q.kind == "PTR" else docker(q))
    asking_on = asking(server, clock, timeout=0.2)
    asking_on.observe()
    clock.ahead += ASK_AGAIN
    silent = True
    assert located(asking_on.observe()) == WHERE


# Strangers.

STRANGERS = {
    "a machine of that name in the office": {"A db-1": (OFFICE,), "A db": (OFFICE,)},
    "one whose address has a name": {
        "A db-1": (OFFICE,),
        "A db": (OFFICE,),
        pointer(OFFICE): ("db-1.lan.",),
    },
    "a page for whatever is not there": {"A db-1": (PUBLIC,), "A db": (PUBLIC,)},
    "one that has a name, too": {
        "A db-1": (PUBLIC,),
        "A db": (PUBLIC,),
        pointer(PUBLIC): ("dns9.quad9.net.",),
    },
}
each_stranger = pytest.mark.parametrize("records", STRANGERS.values(), ids=STRANGERS.keys())


@each_stranger
def test_a_stranger_of_a_stopped_containers_name_is_no_peer(serve: Serve, records: Records) -> None:
    docker = three(upstream=points_to(records))
    del docker.containers["db-1"]
    seen = answered(by_name(serve(docker)).observe())
    assert set(located(seen)) == {"db-0", "db-2"}
    assert seen.is_whole


@each_stranger
def test_before_any_database_runs_a_stranger_of_the_alias_is_no_peer(
    serve: Serve, records: Records
) -> None:
    docker = DockerDns(dict(AGENT), upstream=points_to(records))
    said = absent(asking(serve(docker), own=None).observe())
    assert said.why is Why.NO_SUCH_NAME
    assert "no container of this network" in said.reason
    assert isinstance(by_name(serve(docker), own=None).observe(), Absent)


@each_stranger
@both
def test_a_pod_without_a_name_is_no_stranger_either(
    serve: Serve, ask: Any, records: Records
) -> None:
    """Of a Deployment, whose pods are known by their addresses: there all seem to be well."""
    docker = DockerDns(dict(AGENT), upstream=points_to(records))
    own = Peer(HERE[0], HERE)
    seen = asking(serve(docker), own=own, has_names=False).observe()
    assert isinstance(seen, Absent)


def test_where_this_containers_address_is_not_known_only_a_public_one_without_a_name_is_strange(
    serve: Serve,
) -> None:
    records: Records = {"A db-0": (PUBLIC,), "A db-1": (OFFICE,)}
    server = serve(DockerDns({"db-2": WHERE["db-2"]}, upstream=points_to(records)))
    seen = by_name(server, here=(), own=None).observe()
    assert located(seen) == {"db-1": (OFFICE,), "db-2": WHERE["db-2"]}


def test_addresses_that_are_public_may_be_containers(serve: Serve) -> None:
    public: Records = {"db-0": (PUBLIC,), "db-1": ("9.9.9.10",), "proj-agent-1": ("9.9.9.11",)}
    server = serve(DockerDns(public, {"db": SET}))
    for ask in (asking, by_name):
        seen = ask(server, here=("9.9.9.11",)).observe()
        assert located(seen) == {"db-0": (PUBLIC,), "db-1": ("9.9.9.10",)}


# Several networks.


class Networks(DockerDns):
    """Containers on two networks: those at 172.19 are on another one than the rest."""

    def __call__(self, question: Question) -> Any:
        self.network = "proj_metrics" if question.name.endswith(".19.172.in-addr.arpa") else "proj"
        return super().__call__(question)


@pytest.mark.parametrize(
    "here", [("172.19.0.9", "172.18.0.9"), ("172.18.0.9", "172.19.0.9")], ids=["second", "first"]
)
def test_an_agent_on_two_networks_knows_the_containers_of_both(
    serve: Serve, here: tuple[str, ...]
) -> None:
    docker = Networks({**WHERE, "agent": here, "db-2": ("172.19.0.4",)}, {"db": SET})
    for ask in (asking, by_name):
        seen = ask(serve(docker), here=here).observe()
        assert located(seen) == {**WHERE, "db-2": ("172.19.0.4",)}


def test_an_address_on_a_network_without_names_does_not_hide_the_others(serve: Serve) -> None:
    """Docker's DNS knows nothing of its default network, and hands such a question on."""
    docker = three(upstream=silence)
    seen = by_name(serve(docker), here=("172.17.0.2", *HERE), timeout=0.4).observe()
    assert located(seen) == WHERE


def test_a_network_that_cant_be_asked_about_makes_no_container_of_it_a_stranger(
    serve: Serve,
) -> None:
    here = ("172.19.0.9", "172.18.0.9")
    docker = Networks({**WHERE, "agent": here, "db-2": ("172.19.0.4",)})
    is_silent = True

    def udp(question: Question) -> Any:
        own = question.name == "9.0.19.172.in-addr.arpa"
        return () if own and is_silent else docker(question)

    asking_on = by_name(serve(udp), here=here, timeout=0.4)
    seen = answered(asking_on.observe())
    assert (set(located(seen)), seen.is_whole) == ({"db-0", "db-1"}, False)
    is_silent = False
    assert located(asking_on.observe()) == {**WHERE, "db-2": ("172.19.0.4",)}


# Silence.


def test_silence_on_a_name_is_no_such_container_where_docker_itself_answers(serve: Serve) -> None:
    """On an internal network Docker never answers for a name that it does not know."""
    docker = three(upstream=silence)
    del docker.containers["db-2"]
    seen = answered(by_name(serve(docker), timeout=0.3).observe())
    assert set(located(seen)) == {"db-0", "db-1"}
    assert seen.is_whole


def test_the_first_of_the_databases_finds_itself_alone_on_an_internal_network(
    serve: Serve,
) -> None:
    docker = DockerDns({**AGENT, "db-0": WHERE["db-0"]}, upstream=silence)
    server = serve(docker)
    seen = answered(by_name(server, timeout=0.6).observe())
    asked = [question.name for question in server.asked]
    # Silence takes the time of a pod, which has room for one question.
    assert (asked.count("db-1"), asked.count("db-2")) == (1, 1)
    assert (located(seen), seen.is_whole) == ({"db-0": WHERE["db-0"]}, True)
    before_it_runs = DockerDns(dict(AGENT), upstream=silence)
    said = absent(by_name(serve(before_it_runs), timeout=0.3).observe())
    assert said.why is Why.NO_SUCH_NAME


@pytest.mark.parametrize("here", [HERE, ()], ids=["known", "unknown"])
def test_silence_of_docker_itself_is_a_doubt(serve: Serve, here: tuple[str, ...]) -> None:
    seen = by_name(serve(silence), here=here, timeout=0.2).observe()
    assert isinstance(seen, Unknown)


def test_silence_is_a_doubt_where_this_containers_address_is_not_known(serve: Serve) -> None:
    docker = three(upstream=silence)
    del docker.containers["db-2"]
    seen = answered(by_name(serve(docker), here=(), timeout=0.3).observe())
    assert not seen.is_whole


def test_by_the_alias_silence_is_a_doubt(serve: Serve) -> None:
    assert isinstance(asking(serve(silence), timeout=0.3).observe(), Unknown)


# Podman, and other servers that the operator says have bare names.


def podman() -> PodmanDns:
    return PodmanDns({**WHERE, **AGENT}, {"db": SET})


@both
def test_podmans_containers_are_seen_by_their_names(serve: Serve, ask: Any) -> None:
    assert located(ask(serve(podman())).observe()) == WHERE


def test_containers_that_are_called_otherwise_are_no_peers_of_one_that_may_be_among_them(
    serve: Serve,
) -> None:
    """Compose calls them so by default; this pod would be its own peer, and its own seed."""
    records = {f"proj-{name}-1": addresses for name, addresses in WHERE.items()}
    called = DockerDns({**records, **AGENT}, {"db": tuple(records)})
    said = absent(asking(serve(called)).observe())
    assert said.why is Why.NO_NAMES
    assert "proj-db-0-1" in said.reason
    assert "set --replicas" in said.reason


def test_a_server_without_names_for_addresses_is_asked_by_name(serve: Serve) -> None:
    """As a small office's; by an alias, its machines can't be told apart."""
    records = {f"A {name}": addresses for name, addresses in WHERE.items()}
    server = serve(points_to({**records, "A db": tuple(a for (a,) in WHERE.values())}))
    assert located(by_name(server).observe()) == WHERE
    said = absent(asking(server).observe())
    assert said.why is Why.NO_NAMES
    assert "set --replicas" in said.reason


# What the pod knows of itself.


@pytest.mark.parametrize("addresses", [(), ("172.18.0.2",), ("172.18.0.44",)])
def test_a_container_asks_for_its_own_name_too_which_docker_never_denies_too_early(
    serve: Serve, addresses: tuple[str, ...]
) -> None:
    seen = by_name(serve(three()), own=Peer("db-0", addresses)).observe()
    assert located(seen) == WHERE


def test_a_deployments_containers_are_known_by_their_addresses(serve: Serve) -> None:
    own = Peer("172.18.0.2", ("172.18.0.2",))
    seen = answered(asking(serve(three()), own=own, has_names=False).observe())
    assert seen.endpoints == tuple(Endpoint(a, (a,)) for (a,) in WHERE.values())


def test_where_containers_run_under_other_names_it_is_said_which_were_asked_for(
    serve: Serve,
) -> None:
    docker = DockerDns({"mysql-0": WHERE["db-0"], **AGENT}, {"db": ("mysql-0",)})
    said = absent(by_name(serve(docker)).observe())
    assert said.reason.startswith("none of 3 pods is in DNS: DNS has no db-0 (NXDOMAIN)")


def test_an_alias_that_nobody_has_is_no_such_name(serve: Serve) -> None:
    said = absent(asking(serve(nobody)).observe())
    assert said.why is Why.NO_SUCH_NAME
    assert said.reason == (
        "DNS has no db (NXDOMAIN): no running container has that name or alias here"
    )
