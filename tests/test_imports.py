"""Holds the rules of who may import whom, by reading the source of agent/ without importing it."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 300
Found = tuple[int, str]  # a line, and what is there

# What the core may import besides itself: the part of the standard library that only computes.
PURE = frozenset(
    "__future__ abc bisect collections dataclasses difflib enum functools hashlib heapq ipaddress"
    " itertools json math operator re string textwrap types typing".split()
)
# Builtins that reach out of the core.
IMPURE_BUILTINS = frozenset("__import__ breakpoint compile eval exec input open print".split())


@dataclass(frozen=True, slots=True)
class Row:
    """What one part of agent/ may import: of the other parts, and of libraries."""

    parts: frozenset[str]
    libraries: frozenset[str] = frozenset()


def row(parts: str, libraries: str = "") -> Row:
    return Row(frozenset(parts.split()), frozenset(libraries.split()))


EVERYTHING = "everything"
# The table of docs/architecture.md. The standard library is everybody's, but for the core.
MAY_IMPORT = {
    "core": row(""),
    "settings": row("core", "msgspec yaml"),
    "discovery": row("core", "dns"),
    "formats": row("core", "jinja2 msgspec yaml"),
    "publish": row("core"),
    "process": row("core"),
    "runnable": row(""),
    "check": row("core process publish"),
    "background": row(""),
    "openssl": row(""),
    "exchange": row("background openssl", "h11"),
    "status": row("background core", "h11"),
    "answering": row("core"),
    "bootstrap": row("core answering publish"),
    "hearing": row("core answering"),
    "lab": row("core", "dns"),
    "edges": row("core formats"),
    "telling": row("core edges formats"),
    "keeping": row("core edges publish telling"),
    "polling": row("core edges telling"),
    "publishing": row("core edges formats publish telling"),
    "delivering": row("background core edges telling"),
    "notify": row("background core edges exchange process publish"),
    "loop": row("core delivering edges keeping polling publishing telling"),
    "manifest": row("core settings", "yaml"),
    "cli": row(EVERYTHING, "click structlog"),
    "__main__": row("cli openssl"),
}

# What only some modules may use, by import or through an attribute, and which.
CONFINED = {
    "os.environ": ("agent.cli",),
    "os.environb": ("agent.cli",),
    "os.getenv": ("agent.cli",),
    "sys.argv": ("agent.cli",),
}

EXCEPTION = re.compile(r"#.*?\b(noqa|type:\s*ignore|mypy:)")
EXCEPTION_WITH_REASON = re.compile(
    r"(# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[a-z-]+(, [a-z-]+)*\]) +)+"
    r"# (?!noqa|type:)\S+ \S.*"
)


def within(name: str, *packages: str) -> bool:
    """Whether the dotted name is one of the packages or in one of them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def broken_rules(path: str, source: str) -> list[str]:
    """Each rule that the module at path (such as agent/core/gate.py) breaks, with its line."""
    module, is_package = module_name(path)
    tree = ast.parse(source)
    imports = list(imports_of(tree, module if is_package else module.rpartition(".")[0]))
    uses = [*imports, *attributes_of(tree)]
    broken = {
        *broken_by_uses(module, uses),
        *broken_by_the_table(module, uses),
        *broken_by_libraries(module, imports),
        *broken_by_exceptions(source),
    }
    if within(module, "agent.core"):
        broken |= {*broken_by_the_core(imports, tree)}
    length = len(source.splitlines())
    if length >= MAX_LINES:
        broken.add((length, f"a module stays under {MAX_LINES} lines"))
    return [f"{path}:{line}: {rule}" for line, rule in sorted(broken)]


def broken_by_uses(module: str, uses: Iterable[Found]) -> Iterator[Found]:
    """Each use of what this module may not use."""
    for line, used in uses:
        for thing, users in CONFINED.items():
            if within(used, thing) and not within(module, *users):
                yield line, f"only {' and '.join(users)} may use {thing}"


def part_of(module: str) -> str:
    """The part of agent/ that a dotted name belongs to, by its name in the table."""
    return module.split(".")[1] if "." in module else "__init__"


def broken_by_the_table(module: str, uses: Iterable[Found]) -> Iterator[Found]:
    """Each use of a part of agent/ that this part may not import."""
    part = part_of(module)
    if part not in MAY_IMPORT and part != "__init__":
        yield 1, f"docs/architecture.md does not say what {part} may import"
        return
    allowed = MAY_IMPORT.get(part, Row(frozenset())).parts
    for line, used in uses:
        of_agent = used.startswith("agent.") and part_of(used) != part
        if of_agent and EVERYTHING not in allowed and part_of(used) not in allowed:
            others = " and ".join(sorted(allowed)) or "nothing"
            yield line, f"{part} may import {others} besides itself, not {part_of(used)}"


def broken_by_libraries(module: str, imports: Iterable[Found]) -> Iterator[Found]:
    """Each import of a library that this part may not import."""
    part = part_of(module)
    allowed = MAY_IMPORT.get(part, Row(frozenset())).libraries
    for line, used in imports:
        top = used.partition(".")[0]
        if top not in {"agent", *sys.stdlib_module_names, *allowed} and part != "core":
            others = " and ".join(sorted(allowed)) or "none"
            yield line, f"of libraries {part} may import {others}, not {top}"


def broken_by_the_core(imports: Iterable[Found], tree: ast.AST) -> Iterator[Found]:
    """Each import and builtin that would let the core do more than compute."""
    for line, used in imports:
        if used.partition(".")[0] not in {"agent", *PURE}:
            yield line, f"the core imports only what is pure, which {used} is not"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in IMPURE_BUILTINS:
            yield node.lineno, f"the core never uses {node.id}"


def broken_by_exceptions(source: str) -> Iterator[Found]:
    """Each exception to lint or types that lacks its rule or its reason."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        excepts = token.type == tokenize.COMMENT and EXCEPTION.match(token.string)
        if excepts and not EXCEPTION_WITH_REASON.fullmatch(token.string):
            yield token.start[0], "an exception names its rule, then '# ' and its reason"


def module_name(path: str) -> tuple[str, bool]:
    """The dotted name of the module at path, and whether it is a package."""
    parts = PurePosixPath(path).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package


def imports_of(tree: ast.AST, package: str) -> Iterator[Found]:
    """Each line and dotted name that is imported from within package, wherever in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def attributes_of(tree: ast.AST) -> Iterator[Found]:
    """Each line and dotted name that is reached through a module imported by name."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                modules[alias.asname or top] = alias.name if alias.asname else top
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name, _, rest = ast.unparse(node).partition(".")
            if name in modules:
                yield node.lineno, f"{modules[name]}.{rest}"


def sources(folder: str) -> dict[str, str]:
    """The text of each Python file below folder, by its path from the root."""
    return {
        file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted((ROOT / folder).rglob("*.py"))
    }


def test_every_module_keeps_the_rules() -> None:
    modules = sources("agent")
    assert modules
    broken = [rule for module in modules.items() for rule in broken_rules(*module)]
    assert not broken, "\n".join(broken)


def test_the_table_in_the_docs_is_the_one_that_is_held() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Who may import whom\n")[2].partition("\n## ")[0]
    _, _, *lines = [line for line in section.splitlines() if line.startswith("|")]
    written = {}
    for line in lines:
        (name,), parts, libraries = (words_of(cell) for cell in line.strip("|").split("|"))
        written[name] = Row(frozenset(parts), frozenset(libraries))
    assert written == MAY_IMPORT


def words_of(cell: str) -> list[str]:
    """The names in a cell of the table."""
    return [EVERYTHING] if EVERYTHING in cell else re.findall(r"`(.*?)`", cell)


def test_every_part_of_the_table_is_there() -> None:
    parts = {part_of(module_name(path)[0]) for path in sources("agent")}
    assert parts - {"__init__"} == set(MAY_IMPORT)


def test_every_exception_in_the_tests_has_a_rule_and_a_reason() -> None:
    broken = [
        f"{path}:{line}: {rule}"
        for path, source in sources("tests").items()
        for line, rule in broken_by_exceptions(source)
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("agent/core/gate.py", "import time", "the core imports only what is pure"),
        ("agent/core/gate.py", "from time import monotonic", "the core imports only what is pure"),
        ("agent/core/gate.py", "import socket", "the core imports only what is pure"),
        ("agent/core/gate.py", "import structlog", "the core imports only what is pure"),
        ("agent/core/gate.py", "from agent import publish", "core may import nothing besides"),
        ("agent/core/gate.py", "from ..settings import X", "core may import nothing besides"),
        ("agent/core/__init__.py", "from .. import loop", "core may import nothing besides"),
        ("agent/core/gate.py", "from agent import edges", "core may import nothing besides"),
        ("agent/core/gate.py", "def f():\n    import os", "the core imports only what is pure"),
        ("agent/core/gate.py", "open('x')", "the core never uses open"),
        ("agent/core/gate.py", "print('x')", "the core never uses print"),
        ("agent/core/gate.py", "__import__('time')", "the core never uses __import__"),
        ("agent/publish.py", "import agent.formats", "publish may import core besides itself"),
        ("agent/publish.py", "from . import formats", "publish may import core besides itself"),
        ("agent/publish.py", "from agent.edges import Target", "not edges"),
        ("agent/publish.py", "import agent\nagent.loop.x()", "not loop"),
        ("agent/publish.py", "from agent import __version__", "not __version__"),
        ("agent/formats/render.py", "from ..settings import x", "formats may import core besides"),
        ("agent/formats/render.py", "from agent.loop import Loop", "not loop"),
        ("agent/discovery/srv.py", "from agent.settings import Settings", "not settings"),
        ("agent/discovery/srv.py", "def f():\n    from agent.lab import zone", "not lab"),
        ("agent/discovery/srv.py", "if TYPE_CHECKING:\n    import agent.edges", "not edges"),
        ("agent/lab/zone.py", "from agent.discovery.srv import x", "lab may import core besides"),
        ("agent/lab/story.py", "from agent.cli.signals import Signals", "not cli"),
        ("agent/lab/story.py", "from agent import loop", "not loop"),
        ("agent/settings/load.py", "from agent.edges import Plan", "settings may import core"),
        ("agent/settings/load.py", "from agent.formats import load", "settings may import core"),
        ("agent/edges.py", "from agent.publish import publish", "core and formats besides itself"),
        ("agent/edges.py", "from agent.settings import Settings", "core and formats besides"),
        (
            "agent/loop.py",
            "from agent.discovery import x",
            "core and delivering and edges and keeping and polling and publishing and",
        ),
        ("agent/loop.py", "from agent.settings import Settings", "not settings"),
        ("agent/loop.py", "from agent.cli import main", "not cli"),
        ("agent/loop.py", "from . import cli", "not cli"),
        (
            "agent/__main__.py",
            "from agent.loop import Loop",
            "may import cli and openssl besides",
        ),
        ("agent/__init__.py", "from agent.core.roll import Roll", "__init__ may import nothing"),
        ("agent/other/http.py", "import json", "does not say what other may import"),
        ("agent/loop.py", "import dns.message", "of libraries loop may import none, not dns"),
        ("agent/loop.py", "from dns import message", "not dns"),
        (
            "agent/formats/render.py",
            "import dns.name",
            "may import jinja2 and msgspec and yaml, not dns",
        ),
        ("agent/settings/load.py", "import click", "may import msgspec and yaml, not click"),
        ("agent/settings/load.py", "def f():\n    from click import echo", "not click"),
        ("agent/publish.py", "import structlog", "of libraries publish may import none"),
        ("agent/cli/run.py", "import requests", "of libraries cli may import click and structlog"),
        (
            "agent/settings/load.py",
            "import os\nos.environ['X']",
            "only agent.cli may use os.environ",
        ),
        ("agent/settings/load.py", "import os as o\no.environ.get('X')", "may use os.environ"),
        (
            "agent/settings/load.py",
            "from os import environ as e",
            "only agent.cli may use os.environ",
        ),
        ("agent/settings/load.py", "import os\nos.getenv('X')", "only agent.cli may use os.getenv"),
        (
            "agent/settings/load.py",
            "import os.path\nos.environ",
            "only agent.cli may use os.environ",
        ),
        ("agent/settings/load.py", "import sys\nsys.argv[1:]", "only agent.cli may use sys.argv"),
        ("agent/loop.py", "\n" * MAX_LINES, "a module stays under 300 lines"),
        ("agent/loop.py", "x = 1  # noqa", "an exception names its rule"),
        ("agent/loop.py", "x = 1  # noqa: S104", "an exception names its rule"),
        ("agent/loop.py", "x = 1  # type: ignore", "an exception names its rule"),
        ("agent/loop.py", "x = 1  # type: ignore[misc]", "an exception names its rule"),
        ("agent/loop.py", "x = 1  # type: ignore[misc]  # noqa: S104", "an exception names its"),
        ("agent/loop.py", "# ruff: noqa: S104  # all of it", "an exception names its rule"),
        ("agent/loop.py", "# mypy: ignore-errors", "an exception names its rule"),
    ],
)
def test_a_broken_rule_is_found(path: str, source: str, rule: str) -> None:
    found = broken_rules(path, source)
    assert len(found) == 1
    assert rule in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("agent/core/gate.py", "import collections.abc\nfrom dataclasses import dataclass"),
        ("agent/core/gate.py", "from .identity import Identity\nfrom agent.core import schedule"),
        ("agent/core/__init__.py", "from .gate import Gate\nfrom . import identity"),
        ("agent/core/gate.py", "def f(gate):\n    return gate.open()"),
        ("agent/core/gate.py", "'time.time() and open(x)  # noqa'"),
        ("agent/discovery/srv.py", "import dns.message\nfrom .transport import ask"),
        ("agent/lab/zone.py", "import dns.zone\nfrom agent.core.roll import Roll\nimport socket"),
        (
            "agent/settings/load.py",
            "from agent.core import gate\nfrom . import schema\nimport yaml",
        ),
        ("agent/loop.py", "from agent import edges, keeping\nfrom agent.core import roll"),
        ("agent/cli/run.py", "import os, sys, click\nos.environ['X'], sys.argv"),
        (
            "agent/cli/run.py",
            "from agent import __version__, formats, loop\nimport agent.lab.story",
        ),
        ("agent/__main__.py", "from agent.cli import main"),
        ("agent/settings/load.py", "def f(settings):\n    return settings.os.environ"),
        ("agent/loop.py", "x = 1  # noqa: S104  # every pod may ask"),
        ("agent/loop.py", "x = 1  # type: ignore[misc, arg-type]  # the stub is older"),
        ("agent/loop.py", "x = 1  # type: ignore[misc]  # noqa: S104  # as the note above"),
        ("agent/loop.py", "\n" * (MAX_LINES - 1)),
    ],
)
def test_what_the_rules_allow_is_left_alone(path: str, source: str) -> None:
    assert broken_rules(path, source) == []


def test_a_sidecar_does_not_load_what_only_other_commands_need() -> None:
    """The doctor and the lab bring two megabytes with them, which each pod would hold for ever."""
    look = (
        "import sys; from agent.cli import main; sys.argv = ['rollcall', 'run', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(ended.stderr.split())
    assert "agent.loop" in loaded
    heavy = {"agent.cli.doctor", "agent.cli.lab", "agent.core.diagnosis", "agent.lab", "dns.query"}
    assert not heavy & loaded
