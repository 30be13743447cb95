"""README and docs say what is so: their commands, tables, files and outputs are tried here."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import dns.message
import dns.rcode
import dns.rrset
import pytest
import yaml

from agent.cli import COMMANDS
from agent.cli.outputs import recipe_of
from agent.core.identity import IdentityError, identify
from agent.core.listen import ListenAddress
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered
from agent.core.roll import Peer, Roll, from_document, to_document
from agent.core.surroundings import Surroundings
from agent.discovery import Inquiry, discoverer
from agent.discovery.address import other_family
from agent.discovery.attempt import Reply
from agent.discovery.reading import read_srv
from agent.discovery.second_look import no_names, no_such_port
from agent.formats import FormatError, Recipe, Withheld, check, own_format, render
from agent.formats import load as load_format
from agent.formats import names as format_names
from agent.lab.cluster import Cluster
from agent.lab.server import DnsServer
from agent.lab.world import Nameserver as LabNameserver
from agent.publish import Claim, PublishError
from agent.settings import OPTIONS, Output, Said, load
from agent.status import About, ListenError, serve
from tests.formats.rolls import THREE
from tests.support.pages import blocks
from tests.test_loop import FILE, SERVICE, World, listed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTPUTS = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
STEPS = ("scale", "dns", "fault", "kept", "check")


def table(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of README, without its head."""
    rows = re.findall(
        r"^\| (.*) \|$", README.partition(f"## {heading}\n")[2].partition("\n## ")[0], re.MULTILINE
    )
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in rows[1:]]


def happened(output: str) -> list[tuple[str, str]]:
    """What a lab's output tells, without its times, ports and folders: a word, and the rest."""
    lines = re.findall(r"^ *[\d.]+ s  (\w+) +(.*)$", output, re.MULTILINE)
    timeless = [(what, re.sub(r"after [\d.]+ s  ", "after", rest)) for what, rest in lines]
    return [
        (what, re.sub(r"127\.0\.0\.1:\d+|in \d+ answers", "…", rest)) for what, rest in timeless
    ]


def test_the_demo_in_readme_is_what_make_demo_prints() -> None:
    demo = re.search(
        r"^demo:.*\n\t\.venv/bin/rollcall (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert demo
    command = [sys.executable, "-m", "agent", *demo[1].split()]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    shown, seen = happened(blocks(README, "text")[0]), happened(printed)
    assert [line for line in shown if line[0] in STEPS] == [
        line for line in seen if line[0] in STEPS
    ]
    wrote = {line for line in seen if line[0] == "wrote"}
    assert {line for line in shown if line[0] == "wrote"} <= wrote
    said = {rest.partition("  ")[2] for what, rest in seen if what == "said"}
    assert {rest.partition("  ")[2] for what, rest in shown if what == "said"} <= said


def test_readme_lists_every_flag_with_its_key() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in table("Settings")}
    assert listed == {option.flag: option.key for option in OPTIONS}


def test_readme_lists_every_command() -> None:
    listed = {row[0].strip("`").removeprefix("rollcall ") for row in table("Commands")}
    assert listed == set(COMMANDS)


def test_readme_lists_every_format() -> None:
    listed = [name for row in table("Formats") for name in re.findall(r"`(.*?)`", row[1])]
    assert sorted(listed) == list(format_names())


def refused(rcode: dns.rcode.Rcode) -> Reply:
    """A nameserver's whole answer that is nothing but an rcode."""
    message = dns.message.make_response(dns.message.make_query("db.prod.svc.cluster.local.", "SRV"))
    message.set_rcode(rcode)
    return Reply(message.to_wire(), Nameserver("10.96.0.10"))


def everything_said() -> Iterator[str]:
    """Sentences that the agent really says, each in the situation that README is about."""
    try:
        identify(Surroundings(hostname="db-1"))
    except IdentityError as wrong:
        yield str(wrong)
    for rcode in (dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED):
        said = read_srv(refused(rcode), SERVICE)
        assert not isinstance(said, Answered)
        yield said.reason
    with DnsServer(LabNameserver(Cluster(), 0.0).respond) as server:
        asked = (Nameserver(server.host, server.port),)
        inquiry = Inquiry(SERVICE, Peer(SERVICE.pod("db-1")), lambda: asked)
        seen = discoverer(inquiry, time.monotonic).observe()
        assert isinstance(seen, Absent)
        yield seen.reason
        yield no_such_port(SERVICE, "cql").reason
        yield other_family(replace(inquiry, family="ipv6")).reason
    virtual = refused(dns.rcode.NOERROR)
    virtual.message.answer.append(
        dns.rrset.from_text(f"{SERVICE.fqdn}.", 5, "IN", "SRV", f"0 100 9042 {SERVICE.fqdn}.")
    )
    not_headless = read_srv(virtual, SERVICE)
    assert isinstance(not_headless, Absent)
    yield not_headless.reason
    yield no_names(SERVICE)
    world = World(dns=listed(1))
    world.loop("db-1").pass_time(5)
    world.dns = listed(0)
    alone = world.loop("db-0")
    alone.pass_time(5)
    world.disk.clear()
    alone.pass_time(1)
    world.disk[FILE] = b""
    alone.pass_time(1)
    yield from (sentence for _, _, _, sentence in world.log)
    pods = tuple(Peer(SERVICE.pod(f"db-{n}")) for n in range(2))
    waiting = Roll(SERVICE, pods[1], pods, answering={7000: {}})
    content = render(Recipe(load_format("cassandra")), waiting)
    assert isinstance(content, Withheld)
    yield content.reason
    with TemporaryDirectory() as folder:
        path = Path(folder) / "peers.list"
        with Claim(path, "db-0"), pytest.raises(PublishError) as refused_claim:
            Claim(path, "db-1").take()
        yield str(refused_claim.value)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ListenError) as deaf:
        serve(ListenAddress(*taken.getsockname()), About("0", 0.0, 1.0))
    yield str(deaf.value)


# Of these the whole situation is played elsewhere: in tests/publish and in tests/test_check.py.
ELSEWHERE = ("nothing came", "mounted as a single file", "its check")
PHRASES = re.findall(r"`(.*?)`", "\n".join(row[0] for row in table("When it does not start")))


@pytest.mark.parametrize(
    "phrase", [phrase for phrase in PHRASES if not any(word in phrase for word in ELSEWHERE)]
)
def test_what_readme_explains_is_what_the_agent_says(phrase: str) -> None:
    pattern = ".*".join(re.escape(word) for word in phrase.split("…"))
    assert [sentence for sentence in everything_said() if re.search(pattern, sentence)], phrase


def test_the_config_file_in_readme_is_one_that_is_accepted() -> None:
    (text,) = [block for block in blocks(README, "yaml") if block.startswith("# rollcall.yaml")]
    settings = load(Said({}, {}, "rollcall.yaml", text)).settings
    assert settings.discovery.interval == 0.5
    assert [output.permissions for output in settings.outputs] == [None, 0o640]


SETTINGS = [text for text in blocks(OUTPUTS, "yaml") if text.startswith("outputs:")]


@pytest.mark.parametrize("text", SETTINGS, ids=range(len(SETTINGS)))
def test_the_outputs_in_the_docs_are_accepted(text: str) -> None:
    settings = load(Said({}, {}, "rollcall.yaml", text)).settings
    for output in settings.outputs:
        if output.format:
            check(recipe_of(output, settings.vars))


def test_the_template_in_the_docs_renders_as_it_is_said_there() -> None:
    (source,) = blocks(OUTPUTS, "jinja")
    settings = load(Said({}, {}, "rollcall.yaml", blocks(OUTPUTS, "yaml")[1])).settings
    (output,) = settings.outputs
    recipe = Recipe(own_format(output.template, source), output.vars, port=output.port)
    made = render(recipe, THREE)
    assert isinstance(made, bytes)
    assert made.decode().splitlines() == [
        "[cluster]",
        "node = db-1",
        *(f"peer.{n} = {THREE.peers[n].fqdn}:7001" for n in range(3)),
        'secret-file = "/secrets/cluster"',
    ]


def test_the_header_in_the_docs_is_one_with_all_that_a_template_may_say() -> None:
    (text,) = [each for each in blocks(OUTPUTS, "yaml") if each.startswith("title:")]
    header = own_format("my.conf.j2", f"{{#\n{text}#}}").header
    of_page = {"wiring", "reload", "hazards", "checked", "checked_by"}
    assert {*yaml.safe_load(text)} == {*header.__struct_encode_fields__} - of_page
    said = {key for entry in yaml.safe_load(text)["variables"].values() for key in entry}
    assert said == {*header.variables["secret"].__struct_encode_fields__}


def test_the_docs_name_all_that_a_template_sees() -> None:
    source = "{{ nobody }}"
    with pytest.raises(FormatError) as refused:
        render(Recipe(own_format("x.j2", source)), THREE)
    seen = set(re.findall(r"\w+", str(refused.value).partition("there are ")[2]))
    rows = re.findall(r"^\| (`.*?) \| ", OUTPUTS.partition("| name | is |")[2], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == seen


def test_the_first_output_in_the_docs_says_all_that_can_be_said() -> None:
    (output, *_) = yaml.safe_load(blocks(OUTPUTS, "yaml")[0])["outputs"]
    assert {*output, "template"} == {*Output.__struct_encode_fields__}


def test_the_pod_fragment_in_readme_runs_commands_that_exist_with_settings_that_are_accepted() -> (
    None
):
    pod = yaml.safe_load(blocks(README, "yaml")[0])
    (database,) = pod["containers"]
    assert database["env"][0]["value"] == "-Dcassandra.config=file:///peers/cassandra.yaml"
    (agent,) = pod["initContainers"]
    assert (agent["args"], agent["restartPolicy"]) == (["run"], "Always")
    (mount,) = agent["volumeMounts"]
    assert database["volumeMounts"] == [{**mount, "readOnly": True}]
    variables = {entry["name"]: entry.get("value", "x") for entry in agent["env"]}
    settings = load(Said({}, variables)).settings
    (output,) = settings.outputs
    assert output.path.startswith(agent["volumeMounts"][0]["mountPath"])
    assert load_format(output.format).header.file == Path(output.path).name
    assert {"POD_NAME", "POD_NAMESPACE", "POD_IP"} <= variables.keys()
    assert settings.listen == ListenAddress("", agent["ports"][0]["containerPort"])
    probes = {kind: agent[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe")}
    assert [probe["path"] for probe in probes.values()] == ["/readyz", "/livez"]
    assert {probe["port"] for probe in probes.values()} == {agent["ports"][0]["name"]}
    tries = agent["startupProbe"]
    assert tries["periodSeconds"] * tries["failureThreshold"] > settings.wait_timeout
    assert {volume["name"] for volume in pod["volumes"]} == {"peers"}


def test_the_roll_in_the_docs_is_one() -> None:
    (text,) = blocks((ROOT / "docs" / "roll.md").read_text(encoding="utf-8"), "json")
    document = json.loads(text)
    assert to_document(from_document(document)) == document


def test_contributors_find_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z0-9-]+):.*## ", makefile, re.MULTILINE))
    assert there - set(re.findall(r"`make ([a-z0-9-]+)`", page)) <= {"help", "clean", "clean-tools"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_page_has_a_part_that_only_its_writer_sees(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"<!--.*(TO FILL|TODO|FIXME)", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_name_only_targets_and_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z0-9-]+)", text)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (page.parent / link).exists(), link
    for name in set(re.findall(r"`((?:tests|agent|docs)/[\w/.-]+)`", text)):
        assert (ROOT / name).exists(), name
    for name in set(re.findall(r"`((?:core|discovery|lab|formats|settings|cli)/[\w.]*)`", text)):
        found = ROOT / "agent" / name
        assert found.exists() or found.with_suffix(".py").exists(), name
