"""Whom to tell, and where the status is, as a person writes it."""

from collections.abc import Mapping

import pytest

from agent.core.listen import ListenAddress
from agent.settings.schema import Duration, HttpTarget, Notify, SignalTarget
from tests.settings.test_load import FILE, load, refusal


def notifiers(text: str) -> tuple[Notify, ...]:
    """What a config file with this under `notify` gives."""
    return load(f"notify: {text}").settings.notify


def by_flag(*texts: str) -> tuple[Notify, ...]:
    """What this flag gives."""
    return load(flags={"--notify": texts}).settings.notify


def test_a_command_a_url_and_a_signal_can_be_told_by_flag() -> None:
    exec_, http, signal = by_flag(
        "exec:/hooks/on-change --fast 'two words'", "http://127.0.0.1:80/x?y=1", "signal:HUP:nginx"
    )
    assert exec_.exec == ("/hooks/on-change", "--fast", "two words")
    assert http.http == HttpTarget("http://127.0.0.1:80/x?y=1")
    assert signal.signal == SignalTarget("nginx", signal="HUP")
    assert [each.called for each in (exec_, http, signal)] == [
        "exec on-change",
        "http 127.0.0.1:80",
        "signal HUP nginx",
    ]


def test_all_that_can_be_said_can_be_said_in_the_file() -> None:
    (one, two) = notifiers(
        """[{exec: [/a, b], name: x, timeout: 5s, stdin: peers, on_first: true, min_interval: 1m},
            {http: {url: "https://u:1/", method: PUT, headers: {Authorization: "Bearer x"}}}]"""
    )
    assert one == Notify(
        "x",
        ("/a", "b"),
        timeout=Duration(5),
        stdin="peers",
        on_first=True,
        min_interval=Duration(60),
    )
    assert two.http == HttpTarget("https://u:1/", "PUT", {"Authorization": "Bearer x"})


def test_a_path_behind_a_signal_is_a_pidfile() -> None:
    (notifier,) = by_flag("signal:USR1:/var/run/nginx.pid")
    assert notifier.signal == SignalTarget(pidfile="/var/run/nginx.pid", signal="USR1")
    assert notifier.called == "signal USR1 nginx.pid"


def test_two_signals_for_one_process_have_two_names() -> None:
    names = [each.called for each in by_flag("signal:HUP:nginx", "signal:sigusr1:nginx")]
    assert names == ["signal HUP nginx", "signal USR1 nginx"]


@pytest.mark.parametrize("name", ["HUP", "SIGHUP", "hup", "sighup"])
def test_a_signal_has_its_name_in_any_form(name: str) -> None:
    (notifier,) = by_flag(f"signal:{name}:nginx")
    assert notifier.signal is not None
    assert notifier.signal.number == 1


def test_a_name_shows_no_password_and_no_path() -> None:
    (notifier,) = notifiers('[{http: {url: "http://h/secret?token=1"}}]')
    assert notifier.called == "http h"


ONE_OF = "each entry needs exactly one of exec, http and signal"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[{}]", ONE_OF),
        ("[{exec: [/a], http: {url: 'http://h/'}}]", ONE_OF),
        ("[{exec: []}]", "notify[0].exec: expected a list of length >= 1"),
        ("[{exec: ['']}]", "notify: exec: a command begins with a program's name"),
        ("[{exc: [/a]}]", "there is no key notify[0].exc; did you mean notify[0].exec?"),
        ("[{exec: [hooks/a]}]", "exec a: hooks/a is looked for from /: give its whole path"),
        ("[{exec: [./a]}]", "exec a: ./a is looked for from /: give its whole path"),
        (
            "[{exec: /a}]",
            'notify[0].exec: expected a list, got text: write a list of words, as in ["',
        ),
        ("[exec:/a]", "notify[0]: expected keys and values, got text: write {exec: ["),
        ("[{url: 'http://h/'}]", "no key notify[0].url; did you mean notify[0].http.url?"),
        ("[{pidfile: /a}]", "no key notify[0].pidfile; did you mean notify[0].signal.pidfile?"),
        ("[{zzz: 1}]", "no key notify[0].zzz; there are name, exec, http, signal, timeout, "),
        ("[{exec: [/a], stdin: xml}]", "that is not one of json, peers, none"),
        ("[{exec: [/a], timeout: 0s}]", "exec a: timeout has to be more than 0"),
        ("[{http: {}}]", "notify[0].http has no url"),
        ("[{http: 'http://h/'}]", 'got text: write {url: "http://127.0.0.1:8080/reload"}'),
        (
            "[{http: {url: 'http://h/', timeout: 1s}}]",
            "no key notify[0].http.timeout; did you mean notify[0].timeout, one level up?",
        ),
        ("[{http: {url: 'h/x'}}]", "http: that is no URL, as in http://127.0.0.1:8080/reload"),
        ("[{http: {url: 'http://[::1/reload'}}]", "http: that is no URL"),
        ("[{http: {url: 'http://h:x/'}}]", "http h:x: that is no URL"),
        ("[{http: {url: 'ftp://h/'}}]", "is no URL"),
        ("[{http: {url: 'http://h/ä'}}]", "is no URL"),
        ("[{http: {url: 'http://u:p@h/'}}]", "use an Authorization header"),
        ("[{http: {url: 'http://h/', method: DELETE}}]", "that is not one of GET, POST, PUT"),
        ("[{http: {url: 'http://h/', headers: {'a b': x}}}]", "the header 'a b' is none"),
        ('[{http: {url: "http://h/", headers: {a: "x\\ny"}}}]', "the header 'a' is none"),
        ("[{http: {url: 'http://h/'}, stdin: peers}]", "stdin is for exec only"),
        ("[{signal: HUP}]", "got text: write {process: nginx, signal: HUP}"),
        ("[{signal: {pidfile: run/x.pid}}]", "run/x.pid may be in any folder: give the pidfile's"),
        (
            "[{signal: {signal: HUP}}]",
            "notify: signal HUP: a signal needs either a process, by its name, or a pid",
        ),
        ("[{signal: {process: a, pidfile: /b}}]", "a signal needs either a process"),
        ("[{signal: {process: a, signal: HAP}}]", "there is no signal 'HAP', as in HUP or USR1"),
        ("[{signal: {process: a, signal: KILL}}]", "KILL tells a process nothing"),
        (
            "[{exec: [/a/x]}, {exec: [/b/x]}]",
            "2 entries are called 'exec x': give each its own name, under notify in the file of",
        ),
        (
            "[{exec: [/a/x]}, {exec: [/a/x]}]",
            "'exec x' is there twice, and alike: once is enough",
        ),
        ('[{exec: ["/a\\nb"]}]', r"'exec a\nb': a name has 60 characters at most, all of"),
        (f"[{{exec: [/a], name: {'n' * 61}}}]", "a name has 60 characters at most"),
    ],
)
def test_what_is_wrong_with_a_notifier_is_said_in_a_sentence(text: str, sentence: str) -> None:
    said = refusal(f"notify: {text}")
    assert said.startswith(f"{FILE}: ")
    assert sentence in said


@pytest.mark.parametrize(
    ("value", "kind"),
    [("true", "true or false"), ("1", "a whole number"), ("1.5", "a number")],
)
@pytest.mark.parametrize("name", ["X-On", "X.On", "'X[0]'", "'X]'"])
def test_a_header_that_yaml_takes_for_no_text_needs_quotes(
    name: str, value: str, kind: str
) -> None:
    said = refusal(f"notify: [{{http: {{url: 'http://h/', headers: {{{name}: {value}}}}}}}]")
    where = f"{FILE}: notify[0].http.headers[...]"
    assert said == f"{where}: expected text, got {kind}: put it in quotes"


def test_a_header_without_a_value_is_refused() -> None:
    said = refusal("notify: [{http: {url: 'http://h/', headers: {X-On: }}}]")
    assert said.endswith("notify[0].http.headers[...]: expected text, got nothing")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/hooks/on-change", "is none of exec:/hooks/on-change, http://127.0.0.1:8080/reload and"),
        ("exec:", "is none of exec:/hooks/on-change"),
        ("signal:nginx", "is none of exec:/hooks/on-change"),
        ("exec:a 'b", "has a quote that is not closed"),
    ],
)
def test_a_flag_that_tells_nobody_is_refused_with_an_example(text: str, sentence: str) -> None:
    said = refusal(flags={"--notify": (text,)})
    assert said.startswith("--notify: ")
    assert sentence in said


def test_a_url_with_a_comma_is_said_to_need_a_flag_or_the_file() -> None:
    said = refusal(variables={"ROLLCALL_NOTIFY": "http://h/?a=1,2"})
    assert said.endswith("; what has commas in it needs a flag, or the config file")


@pytest.mark.parametrize(
    ("text", "listen"),
    [("none", None), (":80", ListenAddress("", 80)), ("[::1]:80", ListenAddress("::1", 80))],
)
def test_the_status_is_where_it_was_told_to_be(text: str, listen: ListenAddress | None) -> None:
    assert load(flags={"--status-listen": text}).settings.listen == listen


def test_where_the_status_can_not_be_is_refused_by_the_name_that_said_so() -> None:
    said = refusal(variables={"ROLLCALL_STATUS_LISTEN": "9797"})
    assert said.startswith("ROLLCALL_STATUS_LISTEN: '9797' is not where to listen: write :9797")


def in_a_hook(**more: str) -> Mapping[str, str]:
    """The environment of a program that a hook starts."""
    return {"ROLLCALL_EVENT": "changed", "ROLLCALL_PEERS": "a b", "ROLLCALL_ADDED": "b", **more}


def test_a_rollcall_that_a_hook_starts_passes_over_the_hooks_own_variables() -> None:
    assert load(variables=in_a_hook(ROLLCALL_SERVICE="db")).settings.service == "db"


def test_outside_a_hook_a_variable_of_hooks_is_an_unknown_one() -> None:
    said = refusal(variables={"ROLLCALL_PEERS": "a,b"})
    assert said == "there is no variable ROLLCALL_PEERS; did you mean ROLLCALL_PEER?"


def test_the_agent_may_be_late_by_what_dns_and_checks_may_take() -> None:
    plain = load().settings.patience
    checked = load("outputs: [{format: list, path: /a, check: [a, '{path}'], check_timeout: 1m}]")
    assert checked.settings.patience == plain + 60
