"""Holds the rules of who may import whom, by reading the source of agent/ without importing it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
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

EDGES = tuple(
    f"agent.{name}" for name in ("discovery", "formats", "lab", "notify", "publish", "status")
)

# What only some modules may use, by import or through an attribute, and which.
CONFINED = {
    "agent.cli": ("agent.__main__", "agent.cli"),
    "click": ("agent.cli",),
    "dns": ("agent.discovery", "agent.lab"),
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
    broken = {
        *broken_by_uses(module, [*imports, *attributes_of(tree)]),
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
        for edge in EDGES:
            if within(module, *EDGES) and within(used, edge) and not within(module, edge):
                yield line, f"an edge never imports another edge, here {edge}"


def broken_by_the_core(imports: Iterable[Found], tree: ast.AST) -> Iterator[Found]:
    """Each import and builtin that would let the core do more than compute."""
    for line, used in imports:
        if used.partition(".")[0] not in PURE and not within(used, "agent.core"):
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
        ("agent/core/gate.py", "from agent import publish", "the core imports only what is pure"),
        ("agent/core/gate.py", "from ..settings import X", "the core imports only what is pure"),
        ("agent/core/__init__.py", "from .. import loop", "the core imports only what is pure"),
        ("agent/core/gate.py", "def f():\n    import os", "the core imports only what is pure"),
        ("agent/core/gate.py", "open('x')", "the core never uses open"),
        ("agent/core/gate.py", "print('x')", "the core never uses print"),
        ("agent/core/gate.py", "__import__('time')", "the core never uses __import__"),
        ("agent/publish.py", "import agent.notify", "an edge never imports another edge"),
        ("agent/publish.py", "from . import notify", "an edge never imports another edge"),
        ("agent/notify/http.py", "from ..status import x", "an edge never imports another edge"),
        ("agent/lab/zone.py", "from agent.discovery.srv import x", "an edge never imports another"),
        ("agent/publish.py", "import agent\nagent.notify.x()", "an edge never imports another"),
        ("agent/loop.py", "import dns.message", "only agent.discovery and agent.lab may use dns"),
        ("agent/loop.py", "from dns import message", "may use dns"),
        ("agent/settings.py", "import click", "only agent.cli may use click"),
        ("agent/settings.py", "def f():\n    from click import echo", "may use click"),
        ("agent/loop.py", "from agent.cli import main", "may use agent.cli"),
        ("agent/loop.py", "from . import cli", "may use agent.cli"),
        ("agent/settings.py", "import os\nos.environ['X']", "only agent.cli may use os.environ"),
        ("agent/settings.py", "import os as o\no.environ.get('X')", "may use os.environ"),
        ("agent/settings.py", "from os import environ as e", "only agent.cli may use os.environ"),
        ("agent/settings.py", "import os\nos.getenv('X')", "only agent.cli may use os.getenv"),
        ("agent/settings.py", "import os.path\nos.environ", "only agent.cli may use os.environ"),
        ("agent/settings.py", "import sys\nsys.argv[1:]", "only agent.cli may use sys.argv"),
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
        ("agent/lab/zone.py", "import dns.zone\nfrom agent.loop import run"),
        ("agent/notify/http.py", "from agent.core import membership\nfrom . import execute"),
        ("agent/statusline.py", "from agent import status, notify"),
        ("agent/cli.py", "import os, sys, click\nos.environ['X'], sys.argv"),
        ("agent/__main__.py", "from agent.cli import main"),
        ("agent/settings.py", "def f(settings):\n    return settings.os.environ"),
        ("agent/loop.py", "x = 1  # noqa: S104  # every pod may ask"),
        ("agent/loop.py", "x = 1  # type: ignore[misc, arg-type]  # the stub is older"),
        ("agent/loop.py", "x = 1  # type: ignore[misc]  # noqa: S104  # as the note above"),
        ("agent/loop.py", "\n" * (MAX_LINES - 1)),
    ],
)
def test_what_the_rules_allow_is_left_alone(path: str, source: str) -> None:
    assert broken_rules(path, source) == []
