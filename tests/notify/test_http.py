"""URLs that do what a URL may do."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest

from agent.core.delivery import Arrived, Lost, Outcome
from agent.core.notice import to_json
from agent.exchange import Request
from agent.notify.http import Http
from tests.notify.world import AT_ONCE, NEWS, SOON, World, many, threads
from tests.support.http_server import Guest, Script, Server, reply, serving
from tests.support.until import until

NAME = "http 127.0.0.1:8080"
SHORT = 0.3
NOT_FOLLOWED = "which is not followed: give the URL where it leads"
# As long as a secret is, with what a URL writes otherwise.
CODED = "T0-k%2Be%20n%26"


def http(
    world: World,
    server: Server,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> Http:
    request = Request(method, f"{server.url}/reload?token=secret", headers or {})
    return Http(NAME, request, timeout, world.around())


def came_of(script: Script, timeout: float = 60.0) -> Outcome:
    world = World()
    with serving(script) as server:
        return world.outcome(http(world, server, timeout=timeout).start(NEWS))


def came_of_asking(target: str, script: Script) -> Outcome:
    """With a header that is a secret."""
    world, headers = World(), {"Authorization": "Bearer of-no-good-news"}
    with serving(script) as server:
        request = Request("POST", f"{server.url}{target}", headers)
        return world.outcome(Http(NAME, request, 60.0, world.around()).start(NEWS))


# What it is given.


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_news_are_its_body_as_json(method: str) -> None:
    world = World()
    with serving(reply(204)) as server:
        assert world.outcome(http(world, server, method).start(NEWS)) == Arrived()
        (guest,) = server.guests
    assert guest.head.startswith(f"{method} /reload?token=secret HTTP/1.1\r\n")
    assert guest.header("content-type") == "application/json"
    assert guest.body == to_json(NEWS)
    assert json.loads(guest.body)["event"] == "changed"


def test_a_get_has_no_body() -> None:
    world = World()
    with serving(reply(200)) as server:
        assert world.outcome(http(world, server, "GET").start(NEWS)) == Arrived()
        (guest,) = server.guests
    assert guest.header("content-type") == guest.body.decode() == ""


def test_headers_are_those_that_were_set() -> None:
    world = World()
    headers = {"Authorization": "Bearer x", "Content-Type": "application/x-mine"}
    with serving(reply(200)) as server:
        assert world.outcome(http(world, server, headers=headers).start(NEWS)) == Arrived()
        (guest,) = server.guests
    assert guest.header("authorization") == "Bearer x"
    assert guest.header("content-type") == "application/x-mine"
    assert guest.head.lower().count("content-type:") == 1


def test_a_megabyte_of_news_arrives_whole() -> None:
    world, news = World(), many()
    with serving(reply(200)) as server:
        assert world.outcome(http(world, server).start(news)) == Arrived()
        assert server.guests[0].body == to_json(news)
    assert len(to_json(news)) > 1_000_000


# What it answers.


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_an_answer_of_2xx_is_what_it_wants_whatever_is_in_it(status: int) -> None:
    assert came_of(reply(status, b"error!" if status != 204 else b"")) == Arrived()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (reply(500), "was answered with 500, and nothing else"),
        (reply(500, b"out\nof\tdisk \x1b[1m:(\r\n"), "was answered with 500: out of disk :("),
        (reply(404, b"y" * 300), f"was answered with 404: {'y' * 200}…"),
        (reply(400, b"\xff"), "was answered with 400: \ufffd"),
        (
            reply(302, b"moved", "Location: https://e:8443/reload?token=secret#secret"),
            f"was answered with 302, a redirect to https://e:8443, {NOT_FOLLOWED}",
        ),
        (
            reply(301, b"", "Location: ftp://me:secret@e/"),
            f"was answered with 301, a redirect to ftp://e, {NOT_FOLLOWED}",
        ),
        (
            reply(308, b"", "Location: /secret"),
            f"was answered with 308, a redirect elsewhere on the same host, {NOT_FOLLOWED}",
        ),
        (
            reply(308, b"", f"Location: //{'z' * 300}/secret"),
            f"was answered with 308, a redirect to http://{'z' * 190}…, {NOT_FOLLOWED}",
        ),
        (
            reply(303, b"", "Location: http://[::1/secret"),
            f"was answered with 303, a redirect elsewhere, {NOT_FOLLOWED}",
        ),
        (
            reply(307, b"", "Location: data:,secret"),
            f"was answered with 307, a redirect elsewhere, {NOT_FOLLOWED}",
        ),
        (reply(304), "was answered with 304, and nothing else"),
        (reply(500, b"", "Location: /x"), "was answered with 500, and nothing else"),
    ],
    ids="500 says long binary moved user here far bracket nowhere unchanged no-redirect".split(),
)
def test_any_other_answer_is_told_in_a_sentence(script: Script, reason: str) -> None:
    assert came_of(script) == Lost(reason)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"no route POST /hooks/{CODED}?token=secret, sorry", "no route POST …, sorry"),
        (f"Cannot POST /hooks/{CODED}", "Cannot POST …"),
        ("bad query: token=secret", "bad query: …"),
        (f"unknown hook {CODED}", "unknown hook …"),
        ("unknown hook T0-k+e n&!", "unknown hook …!"),
        ("<p>/hooks/T0-k+e n&amp;?token=secret</p>", "<p>…</p>"),
        ("Bearer of-no-good-news is not known", "… is not known"),
        ("of-no-good-news is not known", "… is not known"),
        ("only application/json, on /hook", "only application/json, on /hook"),
        (f"{'y' * 199}/hooks/{CODED}", f"{'y' * 199}…"),
        (f"{'y' * 195}/hooks/{CODED}", f"{'y' * 195}…"),
    ],
)
def test_what_an_answer_repeats_of_the_request_is_not_told(said: str, told: str) -> None:
    outcome = came_of_asking(f"/hooks/{CODED}?token=secret", reply(404, said.encode()))
    assert outcome == Lost(f"was answered with 404: {told}")


def test_a_url_without_a_path_hides_nothing_of_an_answer() -> None:
    outcome = came_of_asking("", reply(404, b"no / here"))
    assert outcome == Lost("was answered with 404: no / here")


def test_a_host_that_repeats_the_request_is_told_without_it() -> None:
    location = f"Location: http://{CODED}.example/"
    outcome = came_of_asking(f"/hooks/{CODED}", reply(302, b"", location))
    assert outcome == Lost(f"was answered with 302, a redirect to http://….example, {NOT_FOLLOWED}")


def test_no_redirect_is_followed() -> None:
    world = World()
    with serving(reply(200)) as other:
        to = f"Location: {other.url}/"
        with serving(reply(307, b"", to)) as server:
            assert isinstance(world.outcome(http(world, server).start(NEWS)), Lost)
        assert not other.guests


def test_one_that_fails_five_times_and_then_works_has_arrived_at_the_sixth() -> None:
    world = World()
    with serving(*[reply(503)] * 5, reply(200)) as server:
        asks = http(world, server)
        outcomes = [world.outcome(asks.start(NEWS)) for _ in range(7)]
    failed = Lost("was answered with 503, and nothing else")
    assert outcomes == [failed] * 5 + [Arrived()] * 2


# What keeps it from being told.


@pytest.mark.parametrize(
    ("script", "lacks"),
    [
        (Guest.hang, "did not answer"),
        (lambda guest: guest.drip(b"H"), "did not answer"),
        (lambda guest: guest.drip(b"HTTP/1.1 100 \r\n\r\n"), "did not answer"),
        (
            lambda guest: (guest.say(b"HTTP/1.1 200 \r\n\r\n"), guest.drip(b"x"))[0],
            "did not end its answer",
        ),
    ],
    ids=["hangs", "drips", "puts off", "never ends"],
)
def test_who_takes_too_long_is_left(script: Script, lacks: str) -> None:
    outcome = came_of(script, SHORT)
    assert isinstance(outcome, Lost)
    assert outcome.reason.startswith("failed: 127.0.0.1:")
    assert outcome.reason.endswith(f" {lacks} within {SHORT:g} s")
    assert "secret" not in outcome.reason


def test_who_closes_early_was_not_told() -> None:
    outcome = came_of(lambda guest: guest.say(b"HTTP/1.1 200 OK\r\n"))
    assert isinstance(outcome, Lost)
    assert outcome.reason.endswith(" closed the connection and did not answer")


def test_where_nobody_listens_is_an_outcome() -> None:
    world = World()
    with serving(reply(200)) as server:
        pass
    outcome = world.outcome(http(world, server).start(NEWS))
    assert outcome == Lost(f"failed: 127.0.0.1:{server.port} can't be reached: Connection refused")


def test_an_answer_without_end_that_comes_fast_is_an_answer() -> None:
    def endless(guest: Guest) -> None:
        guest.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while not guest.is_over.is_set():
            guest.say(b"x" * 100_000)

    assert came_of(endless) == Arrived()


def test_it_is_ended_in_less_than_a_second() -> None:
    world = World()
    with serving(Guest.hang) as server:
        attempt = http(world, server).start(NEWS)
        until(lambda: server.guests, SOON, "it is asked")
        assert attempt.outcome() is None
        began = time.monotonic()
        attempt.end()
        took = time.monotonic() - began
        attempt.end()
        assert took < AT_ONCE
        until(lambda: server.guests[0].has_left and not threads(), SOON, "nothing is left of it")
    assert attempt.outcome() == Lost("failed: it was given up")
