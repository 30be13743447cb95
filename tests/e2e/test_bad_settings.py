"""Whatever a person sets wrong is said in one line that names it, with exit code 2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.mistakes import FILE, Made, Mistake, made_at_once, one_line, run

MANY = "9" * 5000
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
    "two spellings of one path": run(
        "two outputs lead to one file",
        given="--output=list:{folder}/x --output=json:{folder}/inner/../x",
    ),
    "a file and a link to it": run(
        "two outputs lead to one file",
        given="--output=list:{folder}/file --output=json:{folder}/link",
    ),
    "a pipe": run("{folder}/pipe is no regular file", given="--output=list:{folder}/pipe"),
    "a device": run("/dev/null is no regular file", given="--output=list:/dev/null"),
    "a name that is too long to write beside": run(
        *("{folder}/xxx", "too long"), given=f"--output=list:{{folder}}/{'x' * 240}"
    ),
    "a name that is too long": run(
        *("{folder}/xxx", "too long"), given=f"--output=list:{{folder}}/{'x' * 300}"
    ),
    "a folder's name that is too long": run(
        *("{folder}/xxx", "too long"), given=f"--output=list:{{folder}}/{'x' * 300}/x"
    ),
    "a path with a zero byte": run(
        *("outputs", "x\\x00y"), given="", config='outputs: [{format: list, path: "/x\\0y"}]'
    ),
    "a path with half a character": run(
        *("outputs", "\\ud800"), given="", config='outputs: [{format: list, path: "/\\ud800"}]'
    ),
    "a path that is no UTF-8": run("--output", "\\udcff", given="--output=list:{folder}/\udcff"),
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
        "/x", "has no format", given="", config="outputs: [{path: /x}]"
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
    "a mode that keeps the owner from reading": run(
        *("mode 0044", "owner"),
        given="",
        config="outputs: [{format: list, path: '{folder}/x', mode: '0044'}]",
    ),
    "a mode that is too long": run(
        "is not a mode",
        given="",
        config=f"outputs: [{{format: list, path: '{{folder}}/x', mode: '{MANY}'}}]",
    ),
    "replicas that are too many to read": run("--replicas", given=f"{FILE} --replicas={MANY}"),
    "replicas that yaml can not read": run("rollcall.yaml", config=f"replicas: {MANY}"),
    "replicas that no set has": run("replicas", "10000", config=f"replicas: {MANY[:4000]}"),
    "an ordinal that is too long": run("--start-ordinal", given=f"{FILE} --start-ordinal={MANY}"),
    "a number to wait for that is too long": run(
        "--wait-for", "a number", given=f"{FILE} --wait-for={MANY}"
    ),
    "a time that is too long to read": run(
        "--interval", "a year is the most", given=f"{FILE} --interval={MANY}s"
    ),
    "a time in the file that is too long to read": run(
        "discovery.interval", config=f"discovery: {{interval: {MANY[:4000]}}}"
    ),
    "a port that is too long": run("10.0.0.1:99", given=f"{FILE} --nameserver=10.0.0.1:{MANY}"),
    "an address that is too long": run("--pod-ip", given=f"{FILE} --pod-ip=10.0.0.{MANY}"),
    "an ordinal in a pod's name that is too long": run(
        "--pod-name", "at most 63", given=f"{FILE} --pod-name=db-{MANY}"
    ),
    "a number of a format that is too long": run(
        *("galera", "server_id_base"),
        given="",
        config="outputs: [{format: galera, path: '{folder}/x', vars: {server_id_base: "
        + MANY[:4000]
        + "}}]",
    ),
    "a cluster domain that leaves no room for the pod": run(
        *("longer than DNS allows", "253"),
        given=f"{FILE} --cluster-domain={'.'.join(['a' * 60] * 4)}",
    ),
    "a scope that is no name": run(
        "'fe80::1%a..b' is not a nameserver", given=f"{FILE} --nameserver=fe80::1%a..b"
    ),
    "a word that is no UTF-8": run("surrogate", given=f"{FILE} --log-level=\udcff"),
    "a variable that is no UTF-8": run("surrogate", environment={"ROLLCALL_REPLICAS": "\udcff"}),
    "a key of half a character": run("surrogate", config='"\\ud800": 1'),
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_at_once(SETTINGS.values(), tmp_path_factory) as wait:
        yield wait


@pytest.mark.parametrize("mistake", SETTINGS.values(), ids=SETTINGS.keys())
def test_a_wrong_setting_is_named_in_one_line(made: Made, mistake: Mistake) -> None:
    line = one_line(made(mistake))
    assert not [part for part in mistake.says if part not in line], line
    assert "`" not in line.replace("`service: db`", "")  # no words of a library
