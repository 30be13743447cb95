import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("500ms", 0.5),
        ("2m", 120),
        ("1h", 3600),
        ("1m30s", 90),
        ("1h30m", 5400),
        ("0.5s", 0.5),
        ("1.5h", 5400),
        ("0s", 0),
        ("1s500ms", 1.5),
    ],
)
def test_a_length_of_time_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "s", "-1s", "+1s", "1 s", " 1s", "1s ", "1s\n", "1d", "1S", ".5s", "1.s", "1e3s", "٣s"],
)
def test_anything_else_is_refused_with_an_example_of_how_to_write_it(text: str) -> None:
    with pytest.raises(
        ValueError, match="is not a length of time: write 30s, 500ms or 1m30s"
    ) as no:
        parse_duration(text)
    assert repr(text) in str(no.value)


def test_a_bare_number_is_refused_by_asking_which_unit_was_meant() -> None:
    with pytest.raises(ValueError, match="'30' is not a length of time: write 30s, or 30ms"):
        parse_duration("30")


@given(st.integers(0, 8000), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_parts_add_up(h: int, m: int, s: int, ms: int) -> None:
    total = parse_duration(f"{h}h{m}m{s}s{ms}ms")
    assert total == pytest.approx(h * 3600 + m * 60 + s + ms / 1000)


@pytest.mark.parametrize("text", ["8761h", "99999999999999999999s", "9" * 400 + "h"])
def test_more_than_a_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a year is the most"):
        parse_duration(text)
