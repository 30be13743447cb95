"""What is answered to which request, without a socket."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import from_document
from agent.core.snapshot import Snapshot
from agent.status.about import Moment
from agent.status.routes import OPENAPI, PAGES, Hold, Request, Response, answer
from tests.status.situations import (
    ABOUT,
    EVERY,
    MOMENT,
    NOW,
    OFFSET,
    STARTED,
    failing,
    ready,
    stuck,
    waiting,
)


def asked(
    target: str, snapshot: Snapshot | None, now: float = NOW, method: str = "GET"
) -> Response | Hold:
    return answer(Request(method, target), ABOUT, snapshot, Moment(now, OFFSET))


def got(target: str, snapshot: Snapshot | None, now: float = NOW, method: str = "GET") -> Response:
    found = asked(target, snapshot, now, method)
    assert isinstance(found, Response)
    return found


def said(response: Response) -> tuple[int, str]:
    assert response.content_type == "text/plain; charset=utf-8"
    return response.status, response.body.decode().removesuffix("\n")


def test_livez_is_200_while_a_poll_is_not_too_late_and_says_when_it_is() -> None:
    assert said(got("/livez", ready())) == (200, "a poll is due in 0.5 s")
    assert said(got("/livez", waiting()))[0] == 200
    status, sentence = said(got("/livez", stuck()))
    assert status == 503
    assert sentence.startswith("the loop stands still: a poll was due 40 s ago")


def test_livez_is_200_in_an_outage_of_dns() -> None:
    assert failing().polls.reason
    assert got("/livez", failing()).status == 200


def test_livez_is_200_before_the_first_turn_only_for_as_long_as_one_may_take() -> None:
    last = STARTED + ABOUT.patience
    assert said(got("/livez", None, STARTED)) == (200, "the agent is starting")
    assert got("/livez", None, last).status == 200
    late = said(got("/livez", None, last + 1))
    assert late == (503, "the loop stands still: its first turn began 31 s ago")


def test_readyz_is_200_when_the_gate_is_open_and_else_says_what_it_waits_for() -> None:
    assert got("/readyz", ready()).status == 200
    assert said(got("/readyz", waiting())) == (503, "DNS has not named anybody yet")
    assert said(got("/readyz", None)) == (503, "the agent is starting")


def test_an_outage_of_dns_and_a_stuck_loop_leave_an_open_gate_open() -> None:
    assert got("/readyz", failing()).status == 200
    assert got("/readyz", stuck()).status == 200


@pytest.mark.parametrize("target", ["/v1/status", "/v1/peers", "/v1/peers?after=0"])
def test_before_the_first_turn_there_is_nothing_to_show(target: str) -> None:
    assert said(got(target, None)) == (503, "the agent is starting")


def test_the_peers_are_a_roll_that_can_be_read_back() -> None:
    response = got("/v1/peers", failing())
    assert response.content_type == "application/json"
    assert from_document(json.loads(response.body)) == failing().roll


def test_who_knows_another_generation_is_answered_at_once() -> None:
    generation = ready().roll.generation
    for other in (0, generation + 1, 10**17):
        assert asked(f"/v1/peers?after={other}", ready()) == asked("/v1/peers", ready())
    assert asked(f"/v1/peers?after={generation}", ready()) == Hold(generation, 30.0)


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("30s", 30.0), ("1m", 60.0), ("250ms", 0.25), ("0s", 0.0)]
)
def test_a_request_says_how_long_it_is_to_be_held(timeout: str, seconds: float) -> None:
    after = ready().roll.generation
    target = f"/v1/peers?timeout={timeout}&after={after}"
    assert asked(target, ready()) == Hold(after, seconds)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("after=", "after is '', not a generation: give the roll's own"),
        ("after=-1", "after is '-1', not a generation"),
        ("after=1.5", "after is '1.5', not a generation"),
        ("after=%C2%B2", "after is '²', not a generation"),
        (f"after={'9' * 9999}", f"after is '{'9' * 60}…', not a generation"),
        ("after=1&after=2", "after is there twice: give it once"),
        ("after=1&timeout=30", "timeout: '30' is not a length of time: write 30s, or 30ms"),
        ("after=1&timeout=", "timeout: '' is not a length of time"),
        (f"after=1&timeout={'9' * 9999}s", "is not a length of time"),
        ("after=1&timeout=61s", "timeout is '61s': 60s is the longest"),
        ("after=1&timeout=1h", "timeout is '1h': 60s is the longest"),
        ("timeout=30s", "timeout needs after, the generation that you know"),
        ("afer=1", "there is no parameter 'afer'; did you mean after? there are after, timeout"),
        ("zzz", "there is no parameter 'zzz'; there are after, timeout"),
        (f"{'z' * 9999}=1", "there is no parameter"),
    ],
)
@pytest.mark.parametrize("situation", ["starting", "ready"])
def test_a_query_that_cant_be_followed_is_refused_in_a_sentence(
    query: str, sentence: str, situation: str
) -> None:
    status, text = said(got(f"/v1/peers?{query}", EVERY[situation]))
    assert status == 400
    assert sentence in text
    assert len(text) < 250


@pytest.mark.parametrize("target", ["/livez?verbose", "/readyz?", "/metrics?name[]=up&x=1"])
def test_a_page_without_parameters_does_not_look_at_them(target: str) -> None:
    assert got(target, ready()).status == 200


@pytest.mark.parametrize(
    "target",
    [
        *("/", "", "*", "//livez", "/livez/", "/LIVEZ", "livez", "/%6civez", "/../livez"),
        *("/v1", "/v1/peers/db-0", "http:///livez", "http://[", "/" + "x" * 16_000),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_for_any_other_path_there_is_a_list_of_those_that_are(target: str, method: str) -> None:
    status, text = said(got(target, ready(), method=method))
    assert status == 404
    assert text.endswith("; there are " + ", ".join(PAGES))
    assert len(text) < 250


def test_a_target_may_be_a_whole_url() -> None:
    whole = asked(f"http://db-1:9797/v1/peers?after={ready().roll.generation}", ready())
    assert isinstance(whole, Hold)
    assert got("http://[::1]:9797/livez", ready()).status == 200
    assert got("http://db-1:9797", ready()).status == 404


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"])
def test_nothing_can_be_changed(path: str, method: str) -> None:
    refused = got(path, ready(), method=method)
    assert (refused.status, refused.headers) == (405, (("Allow", "GET, HEAD"),))


@pytest.mark.parametrize("situation", EVERY)
@pytest.mark.parametrize("path", [path for path in PAGES if path != "/metrics"])
def test_head_is_answered_as_get_is(path: str, situation: str) -> None:
    snapshot = EVERY[situation]
    assert asked(path, snapshot, method="HEAD") == asked(path, snapshot)


@pytest.mark.parametrize("path", PAGES)
def test_a_request_with_a_body_is_refused(path: str) -> None:
    refused = answer(Request("GET", path, has_body=True), ABOUT, ready(), MOMENT)
    assert isinstance(refused, Response)
    assert said(refused) == (413, "a request has no body here: send none")


def test_metrics_are_negotiated() -> None:
    plain = got("/metrics", ready())
    asks = Request("GET", "/metrics", {"accept": "application/openmetrics-text;version=1.0.0"})
    open_ = answer(asks, ABOUT, ready(), MOMENT)
    assert isinstance(open_, Response)
    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert open_.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert got("/metrics", None).status == 200


def test_the_openapi_document_is_the_file() -> None:
    response = got("/v1/openapi.json", None)
    assert response.content_type == "application/json"
    assert response.body == OPENAPI.read_bytes()


def test_times_are_those_of_the_machine_in_metrics_and_ages_in_the_status() -> None:
    later = replace(MOMENT, offset=OFFSET + 1000)
    moved = answer(Request("GET", "/metrics"), ABOUT, ready(), later)
    assert isinstance(moved, Response)
    assert f"rollcall_last_answer_timestamp_seconds {OFFSET + NOW + 999}\n".encode() in moved.body
    same = answer(Request("GET", "/v1/status"), ABOUT, ready(), later)
    assert same == asked("/v1/status", ready())


targets = st.text(st.characters(min_codepoint=33, max_codepoint=126)) | st.builds(
    "/v1/peers?{}={}&{}".format,
    st.sampled_from(["after", "timeout", "x", "%61fter"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126)),
    st.text(st.characters(min_codepoint=33, max_codepoint=126)),
)


@given(targets, st.sampled_from(list(EVERY)), st.sampled_from(["GET", "HEAD", "PUT"]))
def test_any_target_is_answered_or_held(target: str, situation: str, method: str) -> None:
    found = asked(target, EVERY[situation], method=method)
    if isinstance(found, Hold):
        assert 0 <= found.timeout <= 60
    else:
        assert found.status in {200, 400, 404, 405, 503}
