import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import Peer, Roll, RollError, Service, from_document, sort_key, to_document

SERVICE = Service("db", "prod", "cluster.local")
ORDERED = (
    "db-0.db.prod.svc.cluster.local",
    "db-2.db.prod.svc.cluster.local",
    "db-10.db.prod.svc.cluster.local",
    "my-db-0.db.prod.svc.cluster.local",
    "another.db.prod.svc.cluster.local",
    "10.0.0.9",
    "10.0.0.10",
    "fd00::1",
)
peers = st.builds(
    Peer,
    st.sampled_from(ORDERED),
    st.sampled_from([(), ("10.0.0.9",), ("10.0.0.9", "fd00::1")]),
)


@st.composite
def rolls(draw: st.DrawFn) -> Roll:
    listed = draw(st.lists(peers, min_size=1, unique_by=lambda peer: peer.fqdn))
    return Roll(
        SERVICE,
        draw(st.sampled_from(listed)),
        tuple(sorted(listed, key=sort_key)),
        draw(st.integers(0, 99)),
        draw(st.none() | st.integers(1, 5)),
        draw(st.integers(0, 5)),
    )


def document(**other: Any) -> dict[str, Any]:
    me = {"fqdn": SERVICE.pod("db-0"), "addresses": ["10.0.0.2"]}
    service = {"name": "db", "namespace": "prod", "cluster_domain": "cluster.local"}
    return {"version": 1, "service": service, "self": me, "peers": [me], **other}


def test_peers_sort_by_set_and_ordinal_as_a_number_then_other_names_then_addresses() -> None:
    shuffled = [Peer(fqdn) for fqdn in sorted(ORDERED, reverse=True)]
    assert tuple(peer.fqdn for peer in sorted(shuffled, key=sort_key)) == ORDERED


def test_a_pod_is_named_below_its_service_and_a_multi_label_cluster_domain() -> None:
    service = Service("db", "prod", "k8s.example.org")
    assert service.pod("db-1") == "db-1.db.prod.svc.k8s.example.org"


@pytest.mark.parametrize(
    ("fqdn", "name", "ordinal"),
    [
        ("my-db-2-10.db.prod.svc.cluster.local", "my-db-2-10", 10),
        ("db.example", "db", None),
        ("10.0.0.9", "10.0.0.9", None),
        ("fd00::1", "fd00::1", None),
    ],
)
def test_a_peer_is_called_by_its_pods_name_or_else_by_its_address(
    fqdn: str, name: str, ordinal: int | None
) -> None:
    assert (Peer(fqdn).name, Peer(fqdn).ordinal) == (name, ordinal)


@given(rolls())
def test_a_document_gives_the_same_roll_back(roll: Roll) -> None:
    assert from_document(json.loads(json.dumps(to_document(roll)))) == roll


@pytest.mark.parametrize("word", ["false", "true", 0, 1, None, [], {}])
def test_whether_a_peer_answers_is_true_or_false_and_nothing_else(word: object) -> None:
    document = to_document(Roll(SERVICE, None, ()))
    document["answering"] = {"7000": {"db-1.db": True, "db-2.db": word}}
    with pytest.raises(RollError, match=r"^answering\.7000\.db-2\.db is not true or false$"):
        from_document(document)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "7000.0", "cql", ""])
def test_who_answers_is_known_by_port(port: str) -> None:
    document = to_document(Roll(SERVICE, None, ()))
    document["answering"] = {port: {}}
    with pytest.raises(RollError, match="which is no port"):
        from_document(document)


@given(rolls(), st.randoms(use_true_random=False))
def test_the_order_in_a_document_does_not_matter(roll: Roll, chance: Random) -> None:
    written = to_document(roll)
    chance.shuffle(written["peers"])
    assert from_document(written) == roll


def test_a_document_says_what_a_reader_would_have_to_work_out() -> None:
    me = Peer(SERVICE.pod("db-1"), ("10.0.0.3",))
    assert to_document(Roll(SERVICE, me, (me,), generation=4, replicas=2)) == {
        "version": 1,
        "generation": 4,
        "service": {
            "name": "db",
            "namespace": "prod",
            "cluster_domain": "cluster.local",
            "fqdn": "db.prod.svc.cluster.local",
        },
        "replicas": 2,
        "start_ordinal": 0,
        "bootstrap": None,
        "answering": {},
        "self": {
            "name": "db-1",
            "ordinal": 1,
            "fqdn": "db-1.db.prod.svc.cluster.local",
            "addresses": ["10.0.0.3"],
        },
        "peers": [
            {
                "name": "db-1",
                "ordinal": 1,
                "fqdn": "db-1.db.prod.svc.cluster.local",
                "addresses": ["10.0.0.3"],
            }
        ],
        "expected": [
            {
                "name": "db-0",
                "ordinal": 0,
                "fqdn": "db-0.db.prod.svc.cluster.local",
                "addresses": [],
            },
            {
                "name": "db-1",
                "ordinal": 1,
                "fqdn": "db-1.db.prod.svc.cluster.local",
                "addresses": ["10.0.0.3"],
            },
        ],
    }


def test_a_document_of_a_later_version_may_have_more_keys() -> None:
    assert from_document(document(colour="red")) == from_document(document())


def test_names_in_a_document_are_taken_in_any_case_and_with_a_final_dot() -> None:
    me = {"fqdn": "DB-0.db.prod.svc.Cluster.Local."}
    assert from_document(document(self=me, peers=[])).me == Peer(SERVICE.pod("db-0"))


def test_this_pod_is_a_peer_even_if_a_document_forgot_to_list_it() -> None:
    read = from_document(document(peers=[{"fqdn": SERVICE.pod("db-1")}]))
    assert [peer.name for peer in read.peers] == ["db-0", "db-1"]


HOSTILE = {"fqdn": 'db-0"\nplugin_load_add=evil.so'}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([], "the document is not an object"),
        (None, "the document is not an object"),
        (document(version=2), "version is 2, this rollcall reads 1"),
        (document(version=None), "version is None, this rollcall reads 1"),
        (document(service="db"), "service is not an object"),
        (document(service={}), "service.name is not a string"),
        (document(self="db-0"), "self is not an object"),
        (document(self={}), "self.fqdn is not a string"),
        (document(self={"fqdn": 1}), "self.fqdn is not a string"),
        (document(self={"fqdn": "a b"}), "self: 'a b' is not a DNS name"),
        (document(self=HOSTILE), f"self: {HOSTILE['fqdn']!r} is not a DNS name"),
        (document(peers=None), "peers is not a list"),
        (document(peers=["db-0"]), "peers[0] is not an object"),
        (document(peers=[{"fqdn": "a"}, {"fqdn": ""}]), "peers[1]: '' is not a DNS name"),
        (
            document(peers=[{"fqdn": "a", "addresses": "10.0.0.2"}]),
            "peers[0].addresses is not a list",
        ),
        (
            document(peers=[{"fqdn": "a", "addresses": ["$(id)"]}]),
            "peers[0]: '$(id)' is not an IP address",
        ),
        (document(generation=-1), "generation is not a whole number"),
        (document(generation=True), "generation is not a whole number"),
        (document(replicas="3"), "replicas is not a whole number"),
        (document(replicas=10_001), "replicas is more than 10000"),
        (document(start_ordinal=1.5), "start_ordinal is not a whole number"),
        (
            document(service={"name": "a.b", "namespace": "prod", "cluster_domain": "c"}),
            "'a.b' is not one DNS label (letters, digits and '-', at most 63)",
        ),
    ],
)
def test_what_is_no_roll_is_refused_by_a_sentence_that_names_the_key(
    wrong: object, sentence: str
) -> None:
    with pytest.raises(RollError) as refused:
        from_document(wrong)
    assert str(refused.value) == sentence


def test_others_are_all_peers_but_this_pod_even_if_its_address_changed() -> None:
    me, listed = Peer(SERVICE.pod("db-0"), ("10.0.0.9",)), Peer(SERVICE.pod("db-0"), ("10.0.0.2",))
    other = Peer(SERVICE.pod("db-1"))
    assert Roll(SERVICE, me, (listed, other)).others == (other,)


def test_where_this_pod_has_no_ordinal_the_expected_are_those_who_are_listed() -> None:
    me = Peer(SERVICE.pod("backup"))
    assert Roll(SERVICE, me, (me,), replicas=3).expected == (me,)
