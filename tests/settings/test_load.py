from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from agent.core.gate import GateRules
from agent.core.membership import Rules
from agent.core.nameservers import Nameserver
from agent.core.surroundings import Told
from agent.settings import CONFIG, OPTIONS, Loaded, Option, Output, Said, Settings, SettingsError
from agent.settings import load as load_all
from agent.settings.explain import explain
from agent.settings.schema import Duration, HttpTarget, Notify

NONE: Mapping[str, str] = MappingProxyType({})
Flags = Mapping[str, str | tuple[str, ...]]
FILE = "rollcall.yaml"

DEFAULTS: Mapping[str, object] = {
    "pod_name": None,
    "namespace": None,
    "service": None,
    "cluster_domain": None,
    "pod_ip": (),
    "member": True,
    "workload": "statefulset",
    "replicas": None,
    "start_ordinal": 0,
    "outputs": (),
    "vars": {},
    "wait_for": "predecessors",
    "wait_timeout": 240,
    "on_timeout": "fail",
    "discovery.mode": "auto",
    "discovery.port_name": "",
    "discovery.address_family": "any",
    "discovery.peers": (),
    "discovery.nameservers": (),
    "discovery.interval": 1,
    "discovery.timeout": 2,
    "discovery.serial": "auto",
    "membership.settle": 1,
    "membership.forget_after": 30,
    "membership.on_empty": "keep",
    "bootstrap.port": None,
    "bootstrap.data": "",
    "bootstrap.state_file": "",
    "bootstrap.marker": "",
    "bootstrap.timeout": 1,
    "bootstrap.allow_first": False,
    "notify": (),
    "status.listen": ":9797",
    "log.format": None,
    "log.level": "info",
}
# For each option three values, as a person writes them and as the settings hold them.
WRITTEN: Mapping[str, tuple[tuple[str, object], ...]] = {
    "pod_name": (("db-0", "db-0"), ("db-1", "db-1"), ("db-2", "db-2")),
    "namespace": (("a", "a"), ("b", "b"), ("c", "c")),
    "service": (("a", "a"), ("b", "b"), ("c", "c")),
    "cluster_domain": (("a.b", "a.b"), ("cluster.local", "cluster.local"), ("c", "c")),
    "pod_ip": (
        ("10.0.0.1", ("10.0.0.1",)),
        ("10.0.0.2", ("10.0.0.2",)),
        ("10.0.0.3", ("10.0.0.3",)),
    ),
    "member": (("false", False), ("true", True), ("false", False)),
    "workload": (
        ("deployment", "deployment"),
        ("statefulset", "statefulset"),
        ("deployment", "deployment"),
    ),
    "replicas": (("3", 3), ("4", 4), ("5", 5)),
    "start_ordinal": (("1", 1), ("2", 2), ("3", 3)),
    "outputs": tuple(
        (f"list:/{name}", (Output(format="list", path=f"/{name}"),)) for name in ("a", "b", "c")
    ),
    "vars": (("a=1", {"a": 1}), ("a=2", {"a": "2"}), ("a=016", {"a": "016"})),
    "wait_for": (("self", "self"), ("2", 2), ("predecessors", "predecessors")),
    "wait_timeout": (("1m", 60), ("1s", 1), ("1h", 3600)),
    "on_timeout": (("proceed", "proceed"), ("fail", "fail"), ("proceed", "proceed")),
    "discovery.mode": (("srv", "srv"), ("address", "address"), ("auto", "auto")),
    "discovery.port_name": (("cql", "cql"), ("dns/udp", "dns/udp"), ("a-1", "a-1")),
    "discovery.address_family": (("ipv4", "ipv4"), ("ipv6", "ipv6"), ("any", "any")),
    "discovery.peers": (
        ("db-0", ("db-0",)),
        ("10.0.0.1", ("10.0.0.1",)),
        ("fd00::1", ("fd00::1",)),
    ),
    "discovery.nameservers": (
        ("10.0.0.1", ("10.0.0.1",)),
        ("10.0.0.2:53", ("10.0.0.2:53",)),
        ("fd00::1", ("fd00::1",)),
    ),
    "discovery.interval": (("100ms", 0.1), ("2s", 2), ("3s", 3)),
    "discovery.timeout": (("1s", 1), ("3s", 3), ("4s", 4)),
    "discovery.serial": (("never", "never"), ("always", "always"), ("auto", "auto")),
    "membership.settle": (("0s", 0), ("2s", 2), ("3s", 3)),
    "membership.forget_after": (("10s", 10), ("1m", 60), ("1m30s", 90)),
    "membership.on_empty": (("accept", "accept"), ("keep", "keep"), ("accept", "accept")),
    "bootstrap.port": (("4567", 4567), ("7000", 7000), ("33061", 33061)),
    "bootstrap.data": (("/a", "/a"), ("/b", "/b"), ("/c", "/c")),
    "bootstrap.state_file": (("a", "a"), ("b/c", "b/c"), ("c", "c")),
    "bootstrap.marker": (("/a", "/a"), ("/b", "/b"), ("/c", "/c")),
    "bootstrap.timeout": (("100ms", 0.1), ("2s", 2), ("3s", 3)),
    "bootstrap.allow_first": (("false", False), ("false", False), ("false", False)),
    "notify": tuple(
        (f"http://{host}/", (Notify(http=HttpTarget(f"http://{host}/")),)) for host in "abc"
    ),
    "status.listen": ((":9798", ":9798"), ("none", "none"), ("[::1]:80", "[::1]:80")),
    "log.format": (("json", "json"), ("console", "console"), ("json", "json")),
    "log.level": (("debug", "debug"), ("error", "error"), ("warning", "warning")),
}
each_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)


def load(text: str = "", variables: Mapping[str, str] = NONE, flags: Flags = NONE) -> Loaded:
    return load_all(Said(flags, variables, FILE if text else "", text))


def refusal(text: str = "", variables: Mapping[str, str] = NONE, flags: Flags = NONE) -> str:
    with pytest.raises(SettingsError) as refused:
        load(text, variables, flags)
    return str(refused.value)


def value_of(settings: Settings, key: str) -> object:
    value: object = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value


def in_file(option: Option, written: str) -> str:
    """A config file that says this and nothing else."""
    value: object = int(written) if option.is_number and written.isdecimal() else written
    if option.key == "outputs":
        form, _, path = written.partition(":")
        value = [{"format": form, "path": path}]
    elif option.key == "notify":
        value = [{"http": {"url": written}}]
    elif option.key == "vars":
        name, _, text = written.partition("=")
        value = {name: int(text)}
    elif option.is_list:
        value = [written]
    elif option.is_switch:
        value = written == "true"
    for part in reversed(option.key.split(".")):
        value = {part: value}
    return yaml.safe_dump(value)


def as_flag(option: Option, written: str) -> Flags:
    return {option.flag: (written,) if option.is_list else written}


# Where a setting comes from.


@each_option
def test_what_nothing_says_has_its_default(option: Option) -> None:
    assert value_of(load().settings, option.key) == DEFAULTS[option.key]


@each_option
def test_a_flag_counts_before_a_variable_and_that_before_the_file(option: Option) -> None:
    (in_the_file, from_file), (in_variable, from_variable), (in_flag, from_flag) = WRITTEN[
        option.key
    ]
    text, flags = in_file(option, in_the_file), as_flag(option, in_flag)
    variables = {option.variable: in_variable}
    assert value_of(load(text).settings, option.key) == from_file
    assert value_of(load(text, variables).settings, option.key) == from_variable
    assert value_of(load(text, variables, flags).settings, option.key) == from_flag
    assert value_of(load(text, flags=flags).settings, option.key) == from_flag
    assert value_of(load("", variables, flags).settings, option.key) == from_flag


@each_option
def test_an_empty_variable_is_a_variable_that_is_not_set(option: Option) -> None:
    written, read = WRITTEN[option.key][0]
    assert (
        value_of(load(variables={option.variable: ""}).settings, option.key) == DEFAULTS[option.key]
    )
    text = in_file(option, written)
    assert value_of(load(text, {option.variable: ""}).settings, option.key) == read


@each_option
def test_an_empty_flag_is_an_error_that_names_it(option: Option) -> None:
    expected = f"{option.flag} is empty: give it a value, or leave it out"
    assert refusal(flags=as_flag(option, "")) == expected


@each_option
def test_no_option_says_anything_of_another_one(option: Option) -> None:
    settings = load(flags=as_flag(option, WRITTEN[option.key][0][0])).settings
    for other in OPTIONS:
        if other != option:
            assert value_of(settings, other.key) == DEFAULTS[other.key]


def test_flags_variables_and_keys_are_each_there_once() -> None:
    for names in (
        [option.flag for option in (*OPTIONS, CONFIG)],
        [option.variable for option in (*OPTIONS, CONFIG)],
        [option.key for option in OPTIONS],
    ):
        assert len(set(names)) == len(names)


def test_a_part_of_the_file_is_kept_where_a_flag_sets_another_key_of_it() -> None:
    settings = load("membership: {settle: 5s, forget_after: 1m}", NONE, {"--settle": "2s"}).settings
    assert settings.rules == Rules(settle=2.0, forget_after=60.0, longest_gap=5.0, slack=3.0)


def test_who_may_found_a_cluster_keeps_exactly_when_answers_came() -> None:
    assert load(flags={"--bootstrap-port": "4567"}).settings.rules.slack == 0


def test_a_list_in_a_variable_is_separated_by_commas() -> None:
    settings = load(
        variables={
            "ROLLCALL_POD_IP": "10.0.0.1, fd00::1",
            "ROLLCALL_OUTPUT": "list:/a,json:/b",
            "ROLLCALL_NAMESERVER": "10.96.0.10:53,[fd00::a]:53",
        }
    ).settings
    assert settings.pod_ip == ("10.0.0.1", "fd00::1")
    assert [output.path for output in settings.outputs] == ["/a", "/b"]
    assert settings.nameservers == (Nameserver("10.96.0.10"), Nameserver("fd00::a"))


def test_outputs_of_a_flag_replace_those_of_the_file() -> None:
    text = "outputs: [{format: list, path: /a}, {format: json, path: /b}]"
    settings = load(text, NONE, {"--output": ("env:/c",)}).settings
    assert [(output.format, output.path) for output in settings.outputs] == [("env", "/c")]


def test_an_output_may_have_a_colon_in_its_path() -> None:
    assert load(flags={"--output": ("list:/a:b",)}).settings.outputs[0].path == "/a:b"


def test_a_whole_file_is_read_as_it_is_documented() -> None:
    loaded = load("""
service: db
replicas: 3
wait_for: quorum
on_timeout: proceed
discovery: {mode: srv, interval: 500ms, timeout: 2s}
membership: {settle: 0, forget_after: 1m30s, on_empty: accept}
outputs:
  - format: galera
    path: /peers/peers.cnf
    vars: {server_id_base: 100}
    mode: "0640"
log: {level: debug}
""")
    settings = loaded.settings
    assert settings.rules == Rules(0.0, 90.0, True, longest_gap=3.5, interval=0.5, slack=1.5)
    assert settings.gate == GateRules("quorum", 240.0, True, 3, 0)
    assert settings.discovery.interval == 0.5
    (output,) = settings.outputs
    assert (output.path, output.vars) == ("/peers/peers.cnf", {"server_id_base": 100})
    assert output.permissions == 0o640
    assert loaded.told == {"service": Told("db", "rollcall.yaml: service")}


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "---\n", "null"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert load(text) == load()


# What of the identity was told, and by whom.


def test_what_was_told_of_the_identity_carries_its_source() -> None:
    loaded = load(
        "service: db\nnamespace: a\npod_ip: [10.0.0.1, 'fd00::1']\n",
        {"ROLLCALL_NAMESPACE": "b", "ROLLCALL_CLUSTER_DOMAIN": "cluster.local"},
        {"--pod-name": "db-1", "--cluster-domain": "example.org"},
    )
    assert loaded.told == {
        "service": Told("db", "rollcall.yaml: service"),
        "namespace": Told("b", "ROLLCALL_NAMESPACE"),
        "pod_ip": Told("10.0.0.1,fd00::1", "rollcall.yaml: pod_ip"),
        "pod_name": Told("db-1", "--pod-name"),
        "cluster_domain": Told("example.org", "--cluster-domain"),
    }


# Variables of others.


def test_the_variables_that_kubernetes_makes_of_services_called_rollcall_are_no_settings() -> None:
    links = {
        "ROLLCALL_SERVICE_HOST": "10.96.3.4",
        "ROLLCALL_SERVICE_PORT": "9797",
        "ROLLCALL_SERVICE_PORT_METRICS": "9797",
        "ROLLCALL_PORT": "tcp://10.96.3.4:9797",
        "ROLLCALL_PORT_9797_TCP": "tcp://10.96.3.4:9797",
        "ROLLCALL_PORT_9797_TCP_ADDR": "10.96.3.4",
        "ROLLCALL_PORT_9797_TCP_PORT": "9797",
        "ROLLCALL_PORT_9797_TCP_PROTO": "tcp",
        "ROLLCALL_DB_PORT": "tcp://10.96.3.5:3306",
        "ROLLCALL_DB_SERVICE_HOST": "10.96.3.5",
        "ROLLCALL_DB_SERVICE_PORT_CQL": "9042",
        "ROLLCALL_DB_0_PORT_3306_TCP_ADDR": "10.96.3.5",
    }
    loaded = load(variables={**links, "ROLLCALL_SERVICE": "db"})
    assert loaded.settings.service == "db"
    assert load(variables=links) == load()


@pytest.mark.parametrize("name", ["PATH", "POD_NAME", "ROLLCALL", "rollcall_x", "MY_ROLLCALL_X"])
def test_variables_without_the_prefix_are_none_of_our_business(name: str) -> None:
    assert load(variables={name: "x"}) == load()


def test_the_variable_that_names_the_config_file_is_known() -> None:
    assert load(variables={"ROLLCALL_CONFIG": "/etc/rollcall.yaml"}) == load()


def test_a_variable_can_hold_what_the_config_file_would() -> None:
    text = "service: db\nreplicas: 3\nmembership: {settle: 5s}\n"
    inline = load(variables={"ROLLCALL_SETTINGS": text, "ROLLCALL_REPLICAS": "5"})
    assert inline.settings == load(text, {"ROLLCALL_REPLICAS": "5"}).settings
    assert inline.told["service"] == Told("db", "ROLLCALL_SETTINGS: service")
    assert load(variables={"ROLLCALL_SETTINGS": ""}) == load()


def test_a_key_without_a_value_is_as_left_out() -> None:
    text = "replicas: 3\nwait_timeout:\ndiscovery: {interval: null}\nlog:\n"
    assert load(text).settings == load("replicas: 3").settings
    assert load("vars: {x: null}").settings.vars == {"x": None}


def test_a_text_that_is_only_an_equals_sign_is_read_as_helm_writes_it() -> None:
    assert load("vars: {separator: =}").settings.vars == {"separator": "="}


def test_what_is_wrong_in_that_variable_is_said_of_it() -> None:
    for text, wrong in (
        ("servce: db", "ROLLCALL_SETTINGS: there is no key servce; did you mean service?"),
        ("a: [", "ROLLCALL_SETTINGS: line 1 is not YAML"),
        ("db", "ROLLCALL_SETTINGS has to hold keys and values"),
        ("wait_for: 0.5", "ROLLCALL_SETTINGS: wait_for: that is not one of"),
    ):
        assert wrong in refusal(variables={"ROLLCALL_SETTINGS": text})


def test_a_config_file_beside_that_variable_is_one_too_many() -> None:
    said = refusal("service: db", {"ROLLCALL_SETTINGS": "service: other"})
    assert said.startswith("ROLLCALL_SETTINGS stands in the place of a config file")
    assert "rollcall.yaml: leave one of them out" in said


# What is wrong, in a sentence that names it, where it is, and the mend.


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"ROLLCALL_SERVCE": "db"},
            "there is no variable ROLLCALL_SERVCE; did you mean ROLLCALL_SERVICE?",
        ),
        (
            {"ROLLCALL_NAMESPACES": ""},
            "there is no variable ROLLCALL_NAMESPACES; did you mean ROLLCALL_NAMESPACE?",
        ),
        (
            {"ROLLCALL_ON_EMPTY": "drop"},
            "ROLLCALL_ON_EMPTY: that is not one of keep, accept",
        ),
        ({"ROLLCALL_REPLICAS": "three"}, "ROLLCALL_REPLICAS: expected a whole number, got text"),
        ({"ROLLCALL_REPLICAS": "-1"}, "ROLLCALL_REPLICAS: expected a whole number, got text"),
        (
            {"ROLLCALL_INTERVAL": "5"},
            "ROLLCALL_INTERVAL: '5' is not a length of time: write 5s, or 5ms",
        ),
        (
            {"ROLLCALL_OUTPUT": "/peers/list"},
            (
                "ROLLCALL_OUTPUT: '/peers/list' is not FORMAT:PATH, as in "
                "cassandra:/peers/cassandra.yaml"
            ),
        ),
        (
            {"ROLLCALL_POD_IP": "10.0.0.1,"},
            "ROLLCALL_POD_IP is empty: give it a value, or leave it out",
        ),
    ],
)
def test_a_wrong_variable_is_named(variables: Mapping[str, str], sentence: str) -> None:
    assert refusal(variables=variables) == sentence


def test_a_variable_that_resembles_none_is_answered_by_all_that_there_are() -> None:
    sentence = refusal(variables={"ROLLCALL_ZZZZZZZZ": "1"})
    assert sentence.startswith("there is no variable ROLLCALL_ZZZZZZZZ; there are ")
    for option in OPTIONS:
        assert option.variable in sentence


ALL_KEYS = (
    "bootstrap, cluster_domain, discovery, log, member, membership, namespace, notify, on_timeout, "
    "outputs, pod_ip, pod_name, replicas, service, start_ordinal, status, vars, wait_for, "
    "wait_timeout, workload"
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        # what does not exist
        ("sevice: db", "there is no key sevice; did you mean service?"),
        ("zzz: 1", f"there is no key zzz; there are {ALL_KEYS}"),
        ("discovery: {mod: srv}", "there is no key discovery.mod; did you mean discovery.mode?"),
        (
            "membership: {forget: 1s}",
            "there is no key membership.forget; did you mean membership.forget_after?",
        ),
        (
            "outputs: [{format: list, path: /a}, {formt: list, path: /b}]",
            "there is no key outputs[1].formt; did you mean outputs[1].format?",
        ),
        (
            "outputs: [{format: list, path: /a, notify: []}]",
            "there is no key outputs[0].notify; did you mean notify, one level up?",
        ),
        ("log: {zzz: 1}", "there is no key log.zzz; there are format, level"),
        # one of a few words
        (
            "discovery: {mode: dns}",
            "discovery.mode: that is not one of auto, srv, address, ordinals, static",
        ),
        ("log: {level: warn}", "log.level: that is not one of debug, info, warning, error"),
        ("log: {format: xml}", "log.format: that is not one of console, json"),
        ("on_timeout: retry", "on_timeout: that is not one of fail, proceed"),
        ("membership: {on_empty: drop}", "membership.on_empty: that is not one of keep, accept"),
        (
            "wait_for: many",
            "wait_for: that is not one of predecessors, self, quorum, all, a number",
        ),
        # of another kind
        ("service: [db]", "service: expected text, got a list"),
        ("service: 5", "service: expected text, got a whole number: put it in quotes"),
        ("service: 2024-01-01", "service: expected text, got a date: put it in quotes"),
        ("replicas: x", "replicas: expected a whole number, got text"),
        ("replicas: true", "replicas: expected a whole number, got true or false"),
        (
            "pod_ip: 10.0.0.1",
            'pod_ip: expected a list, got text: write a list, as in ["10.0.0.1"]',
        ),
        (
            "status: {listen: 9797}",
            'status.listen: expected text, got a whole number: write ":9797"',
        ),
        ("discovery: srv", "discovery: expected keys and values, got text"),
        (
            "outputs: {format: a}",
            (
                "outputs: expected a list, got keys and values: write a list, as in "
                "[{format: json, path: /peers/peers.json}]"
            ),
        ),
        (
            "outputs: [cassandra]",
            (
                "outputs[0]: expected keys and values, got text: write "
                "{format: json, path: /peers/peers.json}"
            ),
        ),
        ("outputs: [{format: list}]", "outputs[0] has no path"),
        # lengths of time
        (
            "wait_timeout: 30",
            "wait_timeout: '30' is not a length of time: write 30s, or 30ms",
        ),
        (
            "membership: {settle: -1s}",
            "membership.settle: '-1s' is not a length of time: write 30s, 500ms or 1m30s",
        ),
        (
            "membership: {settle: true}",
            "membership.settle: 'True' is not a length of time: write 30s, 500ms or 1m30s",
        ),
        ("discovery: {interval: 99ms}", "discovery.interval: it has to be 100ms or more"),
        ("discovery: {timeout: 0}", "discovery.timeout: it has to be more than 0"),
        # what can't be together
        ("replicas: 0", "replicas: 0 has to be between 1 and 10000"),
        ("start_ordinal: -1", "start_ordinal: -1 has to be between 0 and 999999999"),
        (
            "wait_for: all",
            "wait_for: all needs to know how many pods there are to be: set replicas",
        ),
        (
            "wait_for: quorum",
            "wait_for: quorum needs to know how many pods there are to be: set replicas",
        ),
        (
            "wait_for: 0",
            "wait_for: 0 has to be between 1 and the number of pods",
        ),
        (
            "{wait_for: 4, replicas: 3}",
            "wait_for: 4 has to be between 1 and 3",
        ),
        (
            "discovery: {nameservers: [kube-dns]}",
            (
                "discovery.nameservers: 'kube-dns' is not a nameserver: write an address, as in "
                "10.96.0.10:53"
            ),
        ),
        (
            "outputs: [{format: list, path: /a/b}, {format: json, path: /a//b}]",
            "outputs: /a/b is there 2 times: each output needs its own path",
        ),
        (
            "outputs: [{format: list, path: /a, check: [bin/check, '{path}']}]",
            "outputs: the check of /a: bin/check is looked for from /: give its whole path",
        ),
        (
            "outputs: [{format: list, path: /a, mode: '0888'}]",
            "outputs: '0888' is not a mode: write it as \"0640\"",
        ),
        (
            "outputs: [{format: list, path: /a, mode: 'u=rw'}]",
            "outputs: 'u=rw' is not a mode: write it as \"0640\"",
        ),
    ],
)
def test_a_wrong_key_in_the_file_is_named_with_the_file(text: str, sentence: str) -> None:
    assert refusal(text) == f"{FILE}: {sentence}"


@pytest.mark.parametrize("place", ["vars[...].a", "notify[0].http.headers[...].a.b[1]", "a.b[0]"])
def test_a_place_that_is_no_part_of_the_settings_is_named_too(place: str) -> None:
    said = explain(f"Expected `str`, got `int` - at `$.{place}`", FILE, {})
    assert said == f"{place}: expected text, got a whole number: put it in quotes"


@pytest.mark.parametrize("text", ["1: 2", "null: x", "on: x", "discovery: {1: 2}"])
def test_a_key_that_is_no_text_is_refused_by_naming_the_file(text: str) -> None:
    sentence = refusal(text)
    assert sentence.startswith(f"{FILE}: ")
    assert "$" not in sentence


@pytest.mark.parametrize("word", ["no", "off", "false"])
def test_a_word_that_yaml_takes_for_false_is_no_length_of_time(word: str) -> None:
    assert refusal(f"membership: {{settle: {word}}}").startswith(f"{FILE}: membership.settle: ")


def test_a_mode_without_quotes_is_answered_by_how_to_write_it() -> None:
    sentence = refusal("outputs: [{format: list, path: /a, mode: 0640}]")
    assert sentence.startswith(f"{FILE}: outputs")
    assert '"0640"' in sentence


@pytest.mark.parametrize("text", ["- service\n", "service", "5"])
def test_a_file_without_keys_is_refused_with_an_example(text: str) -> None:
    assert refusal(text) == f"{FILE} has to hold keys and values, such as `service: db`"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("service: [db", 1),
        ("service: db\n\tnamespace: a\n", 2),
        ("service: db\nnamespace: 'a\n", 3),
        ("a: !!python/object/apply:os.getcwd []", 1),
        ("service: db\n---\nservice: web\n", 2),
    ],
)
def test_a_file_that_is_not_yaml_is_refused_by_naming_its_line(text: str, line: int) -> None:
    assert refusal(text).startswith(f"{FILE}: line {line} is not YAML: ")


def test_a_file_that_is_not_text_is_refused() -> None:
    assert refusal("service: \x00").startswith(f"{FILE}: it is not YAML: ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("service: a\nservice: b", "line 2: service is there twice"),
        ("discovery:\n  mode: srv\n  mode: auto", "line 3: mode is there twice"),
        ("service: 2024-13-45", "it is not YAML: month must be in 1..12"),
        ("service: " + "[" * 100_000, "it is nested too deep"),
    ],
)
def test_what_yaml_lets_pass_or_breaks_on_is_refused_with_a_sentence(
    text: str, sentence: str
) -> None:
    assert refusal(text) == f"{FILE}: {sentence}"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"--settle": "5"}, "--settle: '5' is not a length of time: write 5s, or 5ms"),
        (
            {"--discovery": "dns"},
            "--discovery: that is not one of auto, srv, address, ordinals, static",
        ),
        (
            {"--wait-for": "many"},
            "--wait-for: that is not one of predecessors, self, quorum, all, a number",
        ),
        ({"--replicas": "0"}, "--replicas: 0 has to be between 1 and 10000"),
        (
            {"--wait-for": "all"},
            "--wait-for: all needs to know how many pods there are to be: set replicas",
        ),
        (
            {"--output": ("list:/a", "json:/a")},
            "--output: /a is there 2 times: each output needs its own path",
        ),
        (
            {"--output": ("list:",)},
            "--output: 'list:' is not FORMAT:PATH, as in cassandra:/peers/cassandra.yaml",
        ),
        (
            {"--output": (":/a",)},
            "--output: ':/a' is not FORMAT:PATH, as in cassandra:/peers/cassandra.yaml",
        ),
        (
            {"--nameserver": ("10.0.0.1", "x")},
            "--nameserver: 'x' is not a nameserver: write an address, as in 10.96.0.10:53",
        ),
    ],
)
def test_a_wrong_flag_is_named(flags: Flags, sentence: str) -> None:
    assert refusal(flags=flags) == sentence


@pytest.mark.parametrize("value", ["0", "0s", "0ms"])
def test_no_time_at_all_needs_no_unit(value: str) -> None:
    none = Duration(0)
    assert load(flags={"--settle": value}).settings.membership.settle == none
    assert load(f"membership: {{settle: {value}}}").settings.membership.settle == none


MANY = "9" * 5000


@pytest.mark.parametrize(
    "option",
    [o for o in OPTIONS if o.key not in {*"pod_name namespace service cluster_domain".split()}],
    ids=lambda o: o.key,
)
@pytest.mark.parametrize("value", [MANY, "\ud800", "\0"], ids=["5000 digits", "half", "zero"])
def test_what_no_setting_can_be_is_one_sentence_of_all_but_the_names(
    option: Option, value: str
) -> None:
    """Names and addresses are checked when the identity is known."""
    given = f"list:/{value}" if option.key == "outputs" else value
    try:
        loaded = load_all(Said({option.flag: (given,) if option.is_list else given}, {}))
    except SettingsError as wrong:
        (line,) = str(wrong).splitlines()
        assert line
    else:
        is_path = option.key.startswith("bootstrap.") and value == MANY
        assert loaded.told or is_path or loaded.settings.outputs[0].path == f"/{MANY}"


@pytest.mark.parametrize("digits", [4000, 5000])
@pytest.mark.parametrize(
    "text",
    [
        "replicas: {}",
        "start_ordinal: {}",
        "wait_timeout: {}",
        "wait_timeout: {}s",
        "wait_timeout: -{}",
        "discovery: {{interval: {}}}",
        "membership: {{settle: {}.5}}",
        "discovery: {{nameservers: ['10.0.0.1:{}']}}",
        "outputs: [{{format: list, path: /a, mode: '{}'}}]",
        "outputs: [{{format: list, path: /a, mode: {}}}]",
        "log: {{level: {}}}",
        "{}: 1",
    ],
)
def test_a_number_of_thousands_of_digits_is_one_sentence(text: str, digits: int) -> None:
    (line,) = refusal(text.format("9" * digits)).splitlines()
    assert line.startswith(FILE)


@pytest.mark.parametrize(
    "text",
    [
        *('"\\ud800": 1', '{discovery: {"\\ud800": 1}}', 'log: {level: "\\ud800"}'),
        *('wait_for: "\\ud800"', 'replicas: "\\ud800"'),
        'outputs: [{"\\ud800": 1}]',
        'outputs: [{format: list, path: "/\\ud800"}]',
        'outputs: [{format: list, path: "/a\\0b"}]',
        'outputs: [{format: list, path: "/a\\nb"}]',
        "outputs: [{format: list, path: /a, mode: '\u00b2640'}]",
    ],
)
def test_what_is_no_text_is_one_sentence_that_can_be_shown(text: str) -> None:
    (line,) = refusal(text).splitlines()
    assert line.isprintable()
    assert line.encode()


@pytest.mark.parametrize("mode", ["000", "0000", "0044", "0377", "300", "0177"])
def test_a_mode_that_keeps_the_agent_from_reading_its_own_file_is_refused(mode: str) -> None:
    sentence = refusal(f"outputs: [{{format: list, path: /a, mode: '{mode}'}}]")
    assert sentence == (
        f"{FILE}: outputs: mode {mode} keeps the owner, this agent, from reading the file"
    )


def test_the_blame_for_a_wrong_value_is_on_who_said_it_last() -> None:
    text, variables = "membership: {settle: 1s}", {"ROLLCALL_SETTLE": "x"}
    assert refusal(text, variables).startswith("ROLLCALL_SETTLE: 'x'")
    assert refusal("membership: {settle: x}").startswith(f"{FILE}: membership.settle: 'x'")
    assert load("membership: {settle: x}", {"ROLLCALL_SETTLE": "2s"}).settings.rules.settle == 2


def test_a_flag_below_a_key_that_holds_something_else_blames_the_file() -> None:
    sentence = f"{FILE}: discovery: has to hold keys and values"
    assert refusal("discovery: srv", flags={"--interval": "1s"}) == sentence


@pytest.mark.parametrize(
    ("mode", "permissions"), [("0640", 0o640), ("600", 0o600), ("0444", 0o444)]
)
def test_a_mode_is_octal(mode: str, permissions: int) -> None:
    (output,) = load(f"outputs: [{{format: list, path: /a, mode: '{mode}'}}]").settings.outputs
    assert output.permissions == permissions


def test_a_check_may_take_ten_seconds_unless_it_is_said() -> None:
    text = "outputs: [{{format: list, path: /a, check: [a, '{{path}}']{}}}]"
    for more, seconds in (("", 10), (", check_timeout: 3s", 3)):
        (output,) = load(text.format(more)).settings.outputs
        assert output.longest_check == seconds


def test_a_value_with_commas_is_said_to_need_a_flag() -> None:
    sentence = "ROLLCALL_VAR '10.1.0.0/16' is not KEY=VALUE; "
    variables = {"ROLLCALL_VAR": "ip_allowlist=10.0.0.0/16,10.1.0.0/16"}
    mend = "a value with commas needs a flag, or vars in the config file"
    assert refusal(variables=variables) == sentence + mend
    assert refusal(flags={"--var": ("a",)}) == "--var 'a' is not KEY=VALUE"


def test_without_a_mode_the_files_own_is_kept() -> None:
    (output,) = load(flags={"--output": ("list:/a",)}).settings.outputs
    assert output.permissions is None
    assert Path(output.path) == Path("/a")


# What needs something else to be set.
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "discovery: {mode: static}",
            "discovery.mode: static needs to be told the peers: set discovery.peers",
        ),
        (
            "discovery: {mode: srv, peers: [db-0]}",
            "discovery.peers: the mode srv asks DNS: leave out one of the two",
        ),
        (
            "discovery: {mode: ordinals}",
            "discovery.mode: ordinals asks for each pod by its number: set replicas",
        ),
        (
            "{workload: deployment, replicas: 3, discovery: {mode: ordinals}}",
            "discovery.mode: the pods of a deployment have no ordinals to ask for",
        ),
        (
            "discovery: {mode: address, port_name: cql}",
            "discovery.port_name: the mode address asks for no port",
        ),
        (
            "discovery: {port_name: CQL}",
            "discovery.port_name: 'CQL' is no port's name, as in cql or dns/udp",
        ),
        ("discovery: {peers: [a b]}", "discovery.peers: 'a b' is not a DNS name"),
        ("bootstrap: {port: 65536}", "bootstrap.port: 65536 is not a port"),
        (
            "outputs: [{format: list, path: /a, check_timeout: 10s}]",
            "outputs: /a has a check_timeout and no check: leave out the one, or add the other",
        ),
        (
            "outputs: [{format: list, path: /a, check: [a, '{path}'], check_timeout: 0}]",
            "outputs: the check_timeout of /a has to be more than 0",
        ),
        (
            "outputs: [{format: list, path: /a, check: []}]",
            "outputs[0].check: expected a list of length >= 1",
        ),
        ("bootstrap: {timeout: 0}", "bootstrap.timeout: it has to be more than 0"),
        (
            "bootstrap: {state_file: ../grastate.dat}",
            "bootstrap.state_file: ../grastate.dat has to be a path within bootstrap.data",
        ),
        (
            "bootstrap: {allow_first: true, port: 4567, data: /data}",
            "bootstrap.allow_first: it needs bootstrap.port, bootstrap.data and bootstrap.marker",
        ),
        (
            "{member: false, bootstrap: {port: 4567}}",
            "bootstrap.port: only a member of a StatefulSet founds a cluster: leave it out",
        ),
    ],
)
def test_a_setting_that_needs_another_one_says_which(text: str, sentence: str) -> None:
    assert refusal(text) == f"{FILE}: {sentence}"


def test_a_service_that_is_called_as_a_setting_does_not_set_it() -> None:
    """Kubernetes gives each container `NAME_PORT=tcp://…` for each service of its namespace."""
    link = {"ROLLCALL_BOOTSTRAP_PORT": "tcp://10.96.7.7:80"}
    assert load(variables=link).settings.bootstrap.port is None
