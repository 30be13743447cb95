"""Whatever a person gets wrong is said in one line that names it, with exit code 2."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.mistakes import POD, Made, Mistake, lab, made_at_once, one_line, render, roll
from tests.e2e.program import SERVICE, Setting, rollcall
from tests.support.need import need_program

USES = {
    "an unknown flag": Mistake(("--servce", "--service"), ("run", "--servce=db")),
    "an unknown command": Mistake(("rnu", "run"), ("rnu",)),
    "a flag without its value": Mistake(("--pod-name",), ("run", "--pod-name")),
    "a word too many": Mistake(("cassandra",), ("formats", "cassandra")),
    "no format to render": Mistake(("--format",), ("render",)),
    "a flag of another command": Mistake(("--output",), ("whoami", "--output=list:/x")),
    "no pod in a lab": lab("--replicas=0", "--replicas"),
    "no number of pods in a lab": lab("--replicas=some", "--replicas"),
    "an unknown fault": lab("--fault=gremlins", "'gremlins'", "servfail", "stale="),
    "a fault without its time": lab("--fault=stale", "stale=30s"),
    "a fault with a time that is none": lab("--fault=stale=long", "'long'"),
    "a fault of no time": lab("--fault=stale=0s", "stale=0s"),
    "a fault with a value it has not": lab("--fault=empty=3", "empty"),
    "an unknown format of a lab": lab("--output=lst", "'lst'", "list"),
    "a scale that is no number": lab("--scale=3,many", "'many'"),
    "a scale of nobody": lab("--scale=0", "'0'"),
    "a negative scale": lab("--scale=-1", "'-1'"),
    "a scale of too many": lab("--scale=101", "'101'"),
}
ROLLS = {
    "nothing": render("", "stdin is empty", "printed no roll"),
    "nothing but an end of line": render("\n", "stdin is empty"),
    "what never seems to end": render(" " * (2**24 + 1), "more than 16 Mi characters"),
    "no JSON": render("{'version': 1}", "not JSON"),
    "a list": render("[]", "not a roll", "not an object"),
    "no version": render("{}", "not a roll", "version"),
    "another version": render({"version": 2}, "not a roll", "version is 2"),
    "no service": render({"version": 1}, "not a roll", "service"),
    "a number that is too long": render("9" * 5000, "stdin is not"),
    "a list in a list in a list": render("[" * 100_000, "stdin is not"),
    "no UTF-8": render("\udcff", "stdin is not"),
    "no peers": render(roll(peers=None), "not a roll", "peers"),
    "a hostile name": render(roll(peers=[{"fqdn": 'x"\n.db'}]), "not a roll", "peers[0]"),
    "no address": render(roll(peers=[{"fqdn": "a", "addresses": ["::g"]}]), "not a roll", "'::g'"),
    "no name of its own": render(roll(self={}), "not a roll", "self.fqdn"),
    "replicas in text": render(roll(replicas="3"), "not a roll", "replicas"),
    "a negative ordinal": render(roll(start_ordinal=-1), "not a roll", "start_ordinal"),
    "a service that is no label": render(roll(service={"name": "a.b"}), "not a roll", "'a.b'"),
    "another format": render(roll(), "'lst'", "list", given="--format=lst"),
    "a variable without a value": render(roll(), "'a'", "KEY=VALUE", given="--format=list --var=a"),
    "a variable of another format": render(roll(), "list", "'a'", given="--format=list --var=a=1"),
    "a variable of the wrong type": render(
        roll(), "galera", given="--format=galera --var=server_id_base=many"
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_at_once([*USES.values(), *ROLLS.values()], tmp_path_factory) as wait:
        yield wait


@pytest.mark.parametrize("mistake", USES.values(), ids=USES.keys())
def test_a_wrong_use_is_named_in_one_line(made: Made, mistake: Mistake) -> None:
    line = one_line(made(mistake))
    assert not [part for part in mistake.says if part not in line], line


@pytest.mark.parametrize("mistake", ROLLS.values(), ids=ROLLS.keys())
def test_what_is_wrong_with_a_roll_or_its_format_is_named_in_one_line(
    made: Made, mistake: Mistake
) -> None:
    line = one_line(made(mistake))
    assert not [part for part in mistake.says if part not in line], line


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder that not even its owner may write to."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(stat.S_IRWXU)


def test_a_folder_that_is_not_writable_is_named_with_the_user(locked: Path) -> None:
    no_root: tuple[str, ...] = ()
    if os.geteuid() == 0:  # root may write everywhere by one capability; without it, not
        no_root = (
            need_program("setpriv", "apt-get install util-linux"),
            "--bounding-set=-dac_override",
        )
    setting = Setting(through=no_root)
    line = one_line(rollcall("run", *POD, f"--output=list:{locked / 'x'}", setting=setting))
    assert f"{locked} is not writable for user {os.geteuid()}" in line


def test_each_thing_that_is_not_known_has_its_line() -> None:
    ended = rollcall("whoami", "--pod-name=db")
    assert ended.code == 2
    assert ended.out.splitlines()[0].split() == ["pod", "name", "db", "--pod-name"]
    assert ended.out.splitlines()[1].split() == ["service", "?", "nowhere"]
    lines = ended.err.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("rollcall: the ") for line in lines)
    assert [line for line in lines if "--service" in line]


def test_peers_that_nobody_knows_of_are_exit_1_with_the_sentence() -> None:
    ended = rollcall("peers", "--pod-name=db-1", *SERVICE, "--nameserver=127.0.0.1:9")
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("rollcall: ")
    assert "127.0.0.1:9" in ended.err
