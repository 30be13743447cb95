import tracemalloc

import pytest

from agent.notify.lines import LONGEST_LINE, MOST_LINES, Lines


def told(*pieces: bytes) -> list[str]:
    """What is told of an output that comes in these pieces."""
    lines: list[str] = []
    taken = Lines(lines.append)
    for piece in pieces:
        taken.take(piece)
    taken.close()
    return lines


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"", []),
        (b"one\n", ["one"]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\n\n \t\n  two  \n", ["one", "  two"]),
        (b"\x1b[31mred\x1b[0m\x07 and\x00\n", ["red  and"]),
        ("käse 🧀\n".encode(), ["käse 🧀"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
        ("a\u2028b\x0bc\n".encode(), ["a b c"]),
        (b"x" * LONGEST_LINE + b"\n", ["x" * LONGEST_LINE]),
        (b"x" * (LONGEST_LINE + 1), ["x" * LONGEST_LINE + "…"]),
        ("🧀".encode() * (LONGEST_LINE + 1), ["🧀" * LONGEST_LINE + "…"]),
        (b"y" * 100_000 + b"\nz\n", ["y" * LONGEST_LINE + "…", "z"]),
    ],
)
def test_lines_are_told_whole_and_plain_however_they_come(output: bytes, lines: list[str]) -> None:
    assert told(output) == lines
    assert told(*(bytes([byte]) for byte in output)) == lines


def test_a_line_is_told_as_soon_as_it_is_whole() -> None:
    lines: list[str] = []
    taken = Lines(lines.append)
    taken.take(b"one\ntw")
    assert lines == ["one"]
    taken.take(b"o\n")
    assert lines == ["one", "two"]


def test_so_many_lines_are_told_and_then_how_much_was_left_out() -> None:
    output = b"".join(b"%d\n" % n for n in range(MOST_LINES))
    first = [str(n) for n in range(MOST_LINES)]
    assert told(output) == first
    assert told(output, b"more") == told(output + b"mo", b"re")
    assert told(output, b"more") == [*first, "(4 bytes more are left out)"]
    assert told(output[:-1], b"\n", b"\n" * 1000) == [*first, "(1000 bytes more are left out)"]


@pytest.mark.parametrize("piece", [b"x", b"\n", b"x\n", b"x" * 100_000 + b"\n"])
def test_an_output_without_end_costs_neither_memory_nor_time(piece: bytes) -> None:
    lines: list[str] = []
    taken = Lines(lines.append)
    chunk = piece * (65_536 // len(piece) + 1)
    tracemalloc.start()
    try:
        for _ in range(2_000):
            taken.take(chunk)
        taken.close()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000
    assert len(lines) <= MOST_LINES + 1
