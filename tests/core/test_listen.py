import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.listen import DEFAULT, ListenAddress, parse_listen


@pytest.mark.parametrize(
    ("written", "read", "asked_at"),
    [
        (DEFAULT, ListenAddress("", 9797), ("127.0.0.1:9797", "[::1]:9797")),
        ("[::]:9797", ListenAddress("", 9797), ("127.0.0.1:9797", "[::1]:9797")),
        ("[::0]:9797", ListenAddress("", 9797), ("127.0.0.1:9797", "[::1]:9797")),
        ("[0:0:0:0:0:0:0:0]:1", ListenAddress("", 1), ("127.0.0.1:1", "[::1]:1")),
        ("0.0.0.0:80", ListenAddress("0.0.0.0", 80), ("127.0.0.1:80",)),
        ("127.0.0.1:9797", ListenAddress("127.0.0.1", 9797), ("127.0.0.1:9797",)),
        ("10.0.0.3:9797", ListenAddress("10.0.0.3", 9797), ("10.0.0.3:9797",)),
        ("[::1]:0", ListenAddress("::1", 0), ("[::1]:0",)),
        ("[fd00::3]:65535", ListenAddress("fd00::3", 65535), ("[fd00::3]:65535",)),
    ],
)
def test_it_says_where_to_listen_and_where_the_same_pod_asks(
    written: str, read: ListenAddress, asked_at: tuple[str, ...]
) -> None:
    found = parse_listen(written)
    assert found == read
    assert found.asked_at == asked_at
    assert parse_listen(str(found)) == found


def test_none_is_no_address() -> None:
    assert parse_listen("none") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9797",
        ":",
        ":65536",
        ":-1",
        ": 9797",
        ":9797 ",
        ":９７９７",
        "localhost:9797",
        "::1:9797",
        "::1",
        "[]:9797",
        "[127.0.0.1]:9797",
        "[fe80::1%eth0]:9797",
        "127.0.0.1",
        "127.0.0.01:9797",
        "256.0.0.1:9797",
        "http://127.0.0.1:9797",
        "None",
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not where to listen: write :PORT or ADDRESS:PORT"):
        parse_listen(text)


@given(st.text() | st.from_regex(r"\[?[0-9a-f:.]*\]?:\d{0,6}", fullmatch=True))
def test_no_text_is_anything_else_than_read_or_refused(text: str) -> None:
    try:
        found = parse_listen(text)
    except ValueError:
        return
    assert found is None or parse_listen(str(found)) == found
