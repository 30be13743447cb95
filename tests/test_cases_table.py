"""docs/cases.md lists every case once, with tests that exist, and no test of a case is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "cases.md"
NUMBERS = [*(f"D{n}" for n in range(1, 23)), *(f"P{n}" for n in range(1, 15))]


def rows() -> list[list[str]]:
    """The cells of each row of a case."""
    found = re.findall(r"^\| ([DP]\d+ \|.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [[cell.strip() for cell in row.split(" | ")] for row in found]


def docstrings(file: Path) -> dict[str, str]:
    """The docstrings of the tests in a file, by name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {
        function.name: ast.get_docstring(function) or ""
        for function in functions
        if function.name.startswith("test_")
    }


def named(row: list[str]) -> list[str]:
    """The tests that a row names, as FILE::NAME."""
    return re.findall(r"`(.*?)`", row[3])


def numbered() -> Iterator[tuple[str, str]]:
    """Each test of tests/cases that says which case it is of, with that case."""
    for file in sorted((TESTS / "cases").rglob("test_*.py")):
        for name, said in docstrings(file).items():
            cases = re.match(r"((?:[DP]\d+(?:, )?)+): ", said)
            for case in cases[1].split(", ") if cases else ():
                yield case, f"{file.relative_to(TESTS)}::{name}"


def test_every_case_has_one_row() -> None:
    assert [row[0] for row in rows()] == NUMBERS
    assert {len(row) for row in rows()} == {4}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_row_names_tests_that_exist(row: list[str]) -> None:
    assert named(row)
    assert row[3] == " ".join(f"`{test}`" for test in named(row))
    for test in named(row):
        file, _, name = test.partition("::")
        assert name in docstrings(TESTS / file), test


@pytest.mark.parametrize(("case", "test"), list(numbered()))
def test_every_test_of_a_case_is_in_its_row(case: str, test: str) -> None:
    (row,) = [row for row in rows() if row[0] == case]
    assert test in named(row)


@pytest.mark.parametrize("file", sorted((TESTS / "cases").rglob("test_*.py")), ids=str)
def test_every_test_of_the_cases_says_which_one_it_is_of(file: Path) -> None:
    if file.name == "test_fault_proxy.py":
        return
    unnumbered = [name for name, said in docstrings(file).items() if not re.match(r"[DP]\d", said)]
    assert unnumbered == []
