from collections.abc import Callable

import pytest

from agent.discovery.attempt import EDNS_PAYLOAD
from agent.discovery.wire import Kind
from tests.fleet import sizes
from tests.fleet.coredns import asked, serving
from tests.fleet.sizes import Answer

LARGE: tuple[tuple[Kind, Callable[[int, int], Answer]], ...] = (
    ("SRV", sizes.srv),
    ("A", sizes.addresses),
)


@pytest.mark.parametrize("pods", [3, 16, 100, 700, 1000])
def test_a_real_coredns_answers_with_as_many_bytes(pods: int) -> None:
    """To a fiftieth: which records still fit, and how far names reach, depends on their order."""
    with serving(pods) as server:
        for kind, fitting in LARGE:
            for by_tcp, limit in ((False, EDNS_PAYLOAD), (True, sizes.BY_TCP)):
                answer = asked(server, kind, by_tcp=by_tcp)
                said = fitting(pods, limit)
                assert said.is_whole == (not answer[2] & 0x02)
                assert said.size == pytest.approx(len(answer), rel=0.02)
        assert len(asked(server, "SOA", by_tcp=False)) == sizes.SERIAL
        assert len(asked(server, "AAAA", by_tcp=False)) == sizes.NO_DATA
        assert len(asked(server, "PTR", by_tcp=False)) == sizes.NAME


def test_names_are_compressed_only_where_the_answer_would_not_fit() -> None:
    assert sizes.srv(10, EDNS_PAYLOAD) == Answer(714)
    assert sizes.srv(10) == Answer(1264)
    assert sizes.srv(700) == Answer(50225)


def test_the_largest_set_is_the_last_with_a_whole_answer() -> None:
    for answers in (sizes.srv, sizes.addresses):
        most = sizes.largest(answers)
        assert answers(most).is_whole
        assert not answers(most + 1).is_whole
