"""Whatever a person gets wrong is said in one line that names it, with exit code 2."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import SERVICE, Ended, Setting, rollcall
from tests.support.need import need_program

# Nobody is asked before the settings are right; if it were, nobody would be there.
POD = ("--pod-name=db-1", *SERVICE, "--nameserver=127.0.0.1:9", "--wait-timeout=1s")
FILE = "--output=list:{folder}/peers.list"


def one_line(ended: Ended) -> str:
    """The only line that it wrote, as it has to be."""
    assert ended.code == 2, (ended.code, ended.err)
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    assert line.startswith("rollcall: ")
    assert "Traceback" not in line
    return line


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong use, and what has to be said of it. `{folder}` is a folder of the test's own."""

    says: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    config: str | None = None
    stdin: str = ""

    def make(self, folder: Path) -> Ended:
        """Makes the mistake."""
        (folder / "file").write_text("")
        arguments = [here(argument, folder) for argument in self.arguments]
        if self.config is not None:
            config = folder / "rollcall.yaml"
            config.write_text(here(self.config, folder))
            arguments.append(f"--config={config}")
        return rollcall(*arguments, setting=Setting(self.environment, self.stdin))


def here(text: str, folder: Path) -> str:
    return text.replace("{folder}", str(folder))


def run(*says: str, given: str = FILE, **more: Any) -> Mistake:
    """A mistake of who runs the sidecar; `given` are its flags."""
    words = (word.replace("\N{BULLET}", " ") for word in given.split())
    return Mistake(says, ("run", *POD, *words), **more)


def lab(argument: str, *says: str) -> Mistake:
    return Mistake(says, ("lab", "--replicas=1", argument))


def render(stdin: object, *says: str, given: str = "--format=list") -> Mistake:
    """A mistake of who renders; `stdin` is text, or what JSON is made of."""
    text = stdin if isinstance(stdin, str) else json.dumps(stdin)
    return Mistake(says, ("render", *given.split()), stdin=text)


def roll(**changes: object) -> dict[str, object]:
    """What `render` reads, with something changed."""
    service = {"name": "db", "namespace": "prod", "cluster_domain": "cluster.local"}
    own = {"fqdn": "db-0.db.prod.svc.cluster.local", "addresses": ["10.0.0.1"]}
    peers = [{"fqdn": "db-1.db.prod.svc.cluster.local"}]
    return {"version": 1, "service": service, "self": own, "peers": peers, **changes}


SETTINGS = {
    "an unknown variable": run(
        "ROLLCALL_SERVCE", "did you mean ROLLCALL_SERVICE?", environment={"ROLLCALL_SERVCE": "x"}
    ),
    "an unknown format": run("'lst'", "list", given="--output=lst:{folder}/peers.list"),
    "an output without a path": run("--output", "'list'", "FORMAT:PATH", given="--output=list"),
    "an empty output": run("--output is empty", given="--output="),
    "two outputs with one path": run(
        "{folder}/x", "2 times", given="--output=list:{folder}/x --output=json:{folder}/x"
    ),
    "two ways to write one path": run(
        "2 times", given="--output=list:{folder}/x --output=json:{folder}/./x"
    ),
    "a folder that is not there": run(
        "{folder}/none does not exist", "create it", given="--output=list:{folder}/none/x"
    ),
    "a folder that is a file": run("{folder}/file", given="--output=list:{folder}/file/x"),
    "a file that is a folder": run("{folder} is a folder", given="--output=list:{folder}"),
    "nothing to write": run("--output FORMAT:PATH", given=""),
    "a bare number as time": run("--interval", "'5'", "5s", given=f"{FILE} --interval=5"),
    "a time that is none": run("--settle", "'soon'", given=f"{FILE} --settle=soon"),
    "a negative time": run("--timeout", "'-1s'", given=f"{FILE} --timeout=-1s"),
    "a time that is too short": run("--interval", "100ms", given=f"{FILE} --interval=1ms"),
    "a time in a variable": run(
        "ROLLCALL_FORGET_AFTER", "'1 hour'", environment={"ROLLCALL_FORGET_AFTER": "1 hour"}
    ),
    "a mode of discovery": run(
        "--discovery", "auto, srv, address", given=f"{FILE} --discovery=api"
    ),
    "somebody to wait for": run("--wait-for", "predecessors", given=f"{FILE} --wait-for=leader"),
    "a quorum of nobody knows how many": run(
        "quorum", "replicas", given=f"{FILE} --wait-for=quorum"
    ),
    "more to wait for than there will be": run(
        "--wait-for", "between 1 and 3", given=f"{FILE} --wait-for=4 --replicas=3"
    ),
    "no replicas": run("--replicas", given=f"{FILE} --replicas=0"),
    "replicas that are no number": run(
        "--replicas", "whole number", given=f"{FILE} --replicas=many"
    ),
    "a nameserver by name": run(
        "'dns.example'", "10.96.0.10:53", given=f"{FILE} --nameserver=dns.example"
    ),
    "a port that is none": run("'127.0.0.1:99999'", given=f"{FILE} --nameserver=127.0.0.1:99999"),
    "an address that is none": run("--pod-ip", "'10.0.0'", given=f"{FILE} --pod-ip=10.0.0"),
    "a pod without a number": run("'db'", "ordinal", given=f"{FILE} --pod-name=db"),
    "a pod that is no name": run("'db 1'", given=f"{FILE} --pod-name=db\N{BULLET}1"),
    "a level of logging": run(
        "--log-level", "debug, info, warning, error", given=f"{FILE} --log-level=loud"
    ),
    "an unknown key": run("servce", "did you mean service?", config="servce: db"),
    "an unknown key further in": run(
        "discovery.intervall",
        "did you mean discovery.interval?",
        config="discovery: {intervall: 1s}",
    ),
    "an unknown key of an output": run(
        *("outputs[0]", "formt", "did you mean outputs[0].format?"),
        given="",
        config="outputs: [{formt: list, path: /x}]",
    ),
    "an output without a format": run(
        "outputs[0]", "format", given="", config="outputs: [{path: /x}]"
    ),
    "an unknown variable of a format": run(
        *("cassandra", "'cluster_nam'", "cluster_name"),
        given="",
        config="outputs: [{format: cassandra, path: '{folder}/x', vars: {cluster_nam: a}}]",
    ),
    "a mode that is a number": run(
        "mode", "text", given="", config="outputs: [{format: list, path: /x, mode: 420}]"
    ),
    "a mode that is none": run(
        "'0999'", '"0640"', given="", config="outputs: [{format: list, path: /x, mode: '0999'}]"
    ),
    "a list where one word goes": run("discovery.mode", config="discovery: {mode: [srv]}"),
    "a config file that is not YAML": run("line 2", "not YAML", config="service: db\n]"),
    "a config file with a tab": run("not YAML", config="discovery:\n\tinterval: 1s"),
    "a config file with a control character": run("not YAML", config="service: d\x00b"),
    "a config file that is nested too deep": run("rollcall.yaml", config="[" * 100_000),
    "a config file that runs code": run(
        "not YAML", config="service: !!python/object/apply:os.system [reboot]"
    ),
    "a config file that is a list": run("keys and values", config="[1, 2]"),
    "a config file that is not there": run(
        "{folder}/none", "No such file", given=f"{FILE} --config={{folder}}/none"
    ),
    "a config file that is a folder": run(
        "{folder}", "directory", given=f"{FILE} --config={{folder}}"
    ),
}
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
    "nothing": render("", "not JSON"),
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
Made = Callable[[Mistake], Ended]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """What a mistake led to. All of them are begun at once, as many at a time as there are CPUs."""
    folders: dict[int, Path] = {}
    futures: dict[int, Future[Ended]] = {}
    pool = ThreadPoolExecutor(os.cpu_count())
    for mistake in (*SETTINGS.values(), *USES.values(), *ROLLS.values()):
        folder = tmp_path_factory.mktemp("mistake")
        futures[id(mistake)] = pool.submit(mistake.make, folder)
        folders[id(mistake)] = folder

    def wait(mistake: Mistake) -> Ended:
        ended = futures[id(mistake)].result()
        own_name = str(folders[id(mistake)])
        return Ended(ended.code, ended.out, ended.err.replace(own_name, "{folder}"))

    yield wait
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("mistake", SETTINGS.values(), ids=SETTINGS.keys())
def test_a_wrong_setting_is_named_in_one_line(made: Made, mistake: Mistake) -> None:
    line = one_line(made(mistake))
    assert not [part for part in mistake.says if part not in line], line
    assert "`" not in line.replace("`service: db`", "")  # no words of a library


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
