"""What a reader of the files is told."""

import json

import pytest

from agent.core.notice import (
    LONGEST_VARIABLE,
    VARIABLES,
    Moved,
    notice,
    stdin_of,
    to_json,
    to_lines,
    variables,
)
from agent.core.roll import Peer, Roll, Service, from_document, sort_key

SERVICE = Service("db", "prod", "cluster.local")


def pod(n: int, *addresses: str) -> Peer:
    """A pod of the set."""
    return Peer(SERVICE.pod(f"db-{n}"), addresses or (f"10.0.0.{n}",))


def roll(*peers: Peer, me: Peer | None = None) -> Roll:
    """A roll of these peers."""
    return Roll(SERVICE, me, tuple(sorted(peers, key=sort_key)), generation=4)


def test_who_came_went_and_moved_since_the_last_time_is_said() -> None:
    news = notice((pod(0), pod(1), pod(2)), roll(pod(0), pod(2, "10.0.0.9"), pod(3)))
    assert (news.added, news.removed) == ((pod(3),), (pod(1),))
    assert news.readdressed == (Moved(pod(2, "10.0.0.9"), ("10.0.0.2",)),)
    assert not news.is_first


def test_to_who_was_told_nothing_yet_everybody_is_new() -> None:
    news = notice(None, roll(pod(0), pod(1)))
    assert news.is_first
    assert news.added == (pod(0), pod(1))


def test_to_who_was_told_of_an_empty_list_it_is_not_the_first_time() -> None:
    assert not notice((), roll(pod(0))).is_first


def test_the_document_is_the_roll_and_what_is_new_on_one_line() -> None:
    now = roll(pod(0), pod(2, "10.0.0.9"), me=pod(0))
    text = to_json(notice((pod(0), pod(1), pod(2)), now))
    assert text.count(b"\n") == 1
    document = json.loads(text)
    assert from_document(document) == now
    assert document["event"] == "changed"
    assert document["added"] == []
    assert [peer["name"] for peer in document["removed"]] == ["db-1"]
    (moved,) = document["readdressed"]
    assert (moved["addresses"], moved["was"]) == (["10.0.0.9"], ["10.0.0.2"])


def test_lines_are_names_sorted_by_their_bytes_as_peer_finder_gave_them() -> None:
    lines = to_lines(notice((), roll(pod(10), pod(2), pod(0))))
    assert lines.decode().splitlines() == [SERVICE.pod(f"db-{n}") for n in (0, 10, 2)]
    assert lines.endswith(b"local\n")
    assert to_lines(notice((), roll())) == b""


def test_stdin_is_the_document_the_lines_or_nothing() -> None:
    news = notice((), roll(pod(0)))
    assert stdin_of(news, "json") == to_json(news)
    assert stdin_of(news, "peers") == to_lines(news)
    assert stdin_of(news, "none") == b""


def test_variables_hold_the_names_of_whom_it_is_about() -> None:
    given = variables(notice((pod(1),), roll(pod(0), pod(2), me=pod(0))))
    assert given == {
        "ROLLCALL_EVENT": "changed",
        "ROLLCALL_GENERATION": "4",
        "ROLLCALL_SELF": SERVICE.pod("db-0"),
        "ROLLCALL_PEERS": f"{SERVICE.pod('db-0')} {SERVICE.pod('db-2')}",
        "ROLLCALL_ADDED": f"{SERVICE.pod('db-0')} {SERVICE.pod('db-2')}",
        "ROLLCALL_REMOVED": SERVICE.pod("db-1"),
        "ROLLCALL_READDRESSED": "",
    }
    assert set(given) == set(VARIABLES)


@pytest.mark.parametrize("size", [100, 2000])
def test_a_list_that_is_too_long_for_a_variable_is_left_out_and_not_cut(size: int) -> None:
    peers = [pod(n) for n in range(size)]
    given = variables(notice((), roll(*peers)))
    assert all(len(value) <= LONGEST_VARIABLE for value in given.values())
    assert ("ROLLCALL_PEERS" in given) == (size == 100)
    assert given["ROLLCALL_REMOVED"] == ""
