"""`rollcall doctor` without its process: the same facts from the same flags, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from agent.cli.gather import gather
from agent.cli.options import find_nameservers
from agent.core.diagnosis import Check, diagnose, is_well
from agent.core.surroundings import Surroundings
from agent.settings import OPTIONS, Said, load
from tests.e2e.program import SERVICE

POD = ("--pod-name=db-1", "--pod-ip=10.0.0.2", *SERVICE)
_LISTS = {option.flag for option in OPTIONS if option.is_list}


@dataclass(frozen=True, slots=True)
class Seen:
    """What doctor says: each check by its name."""

    checks: Mapping[str, Check]

    @property
    def troubles(self) -> dict[str, str]:
        """The states of all that is not well."""
        states = {name: check.state.value for name, check in self.checks.items()}
        return {name: state for name, state in states.items() if state in ("warn", "fail")}

    @property
    def skipped(self) -> list[str]:
        return [name for name, check in self.checks.items() if check.state.value == "skipped"]

    @property
    def is_ok(self) -> bool:
        return is_well(tuple(self.checks.values()))

    def finding(self, name: str) -> str:
        return self.checks[name].finding

    def mends(self, name: str) -> list[Any]:
        """The YAML that mends it, document by document."""
        return [d for d in yaml.safe_load_all(self.checks[name].mend) if d is not None]


def doctor(*flags: str, config: str = "", around: Surroundings | None = None) -> Seen:
    """What it says of the pod db-1; `config` is a file's text."""
    return doctor_of(around or Surroundings(), *POD, *flags, config=config)


def doctor_of(around: Surroundings, *flags: str, config: str = "") -> Seen:
    """What it says of who can be found out by the flags and by what is around."""
    loaded = load(Said(_given(flags), {}, "rollcall.yaml", config))
    settings = loaded.settings
    facts = gather(settings, replace(around, told=loaded.told), find_nameservers(settings))
    return Seen({check.name: check for check in diagnose(facts)})


def _given(flags: tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
    """Flags as `--name=value`; the last one of a name counts, but for those that make a list."""
    given: dict[str, str | tuple[str, ...]] = {}
    for flag in flags:
        name, _, value = flag.partition("=")
        given[name] = (*given.get(name, ()), value) if name in _LISTS else value
    return given


def env(name: str, value: str) -> list[dict[str, str]]:
    """A line of a container's environment in Kubernetes."""
    return [{"name": name, "value": value}]


def downward(name: str, path: str) -> list[dict[str, Any]]:
    """A line of a container's environment that the downward API fills in."""
    return [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}]
