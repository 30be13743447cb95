"""What is wrong with settings although each value has its type."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from signal import Signals
from urllib.parse import urlsplit

from agent.core.listen import parse_listen
from agent.core.names import dns_name, ip_address, is_address
from agent.core.nameservers import parse_nameserver
from agent.core.roll import MOST_REPLICAS
from agent.core.words import FOR_FILE
from agent.settings.schema import (
    PORT_NAME,
    SHORTEST_INTERVAL,
    DiscoverySettings,
    HttpTarget,
    Notify,
    Output,
    Settings,
    SignalTarget,
)

# Characters of a notifier's name, which is a metric's label too.
LONGEST_NAME = 60
# RFC 9110 section 5.1, without the characters that nobody uses.
HEADER_NAME = r"[A-Za-z0-9-]+"


def problems(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong although each value has its type: the key, and a sentence."""
    yield from _gate_problems(settings)
    yield from _discovery_problems(settings.discovery)
    yield from _mode_problems(settings)
    yield from _bootstrap_problems(settings)
    yield from _output_problems(settings.outputs)
    yield from _notify_problems(settings.notify)
    listen = settings.status.listen
    try:
        parse_listen(listen)
    except ValueError as wrong:
        is_port = bool(re.fullmatch(r"[0-9]{1,5}", listen))
        mend = f"{listen!r} is not where to listen: write :{listen}"
        yield "status.listen", mend if is_port else str(wrong)


def _gate_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    wait_for, replicas = settings.wait_for, settings.replicas
    if replicas is not None and not 1 <= replicas <= MOST_REPLICAS:
        yield "replicas", f"{replicas} has to be between 1 and {MOST_REPLICAS}"
    if not 0 <= settings.start_ordinal < 10**9:
        yield "start_ordinal", f"{settings.start_ordinal} has to be between 0 and {10**9 - 1}"
    if wait_for in ("quorum", "all") and replicas is None:
        yield "wait_for", f"{wait_for} needs to know how many pods there are to be: set replicas"
    if isinstance(wait_for, int) and not 1 <= wait_for <= (replicas or wait_for):
        most = replicas or "the number of pods"
        yield "wait_for", f"{wait_for} has to be between 1 and {most}"


def _discovery_problems(discovery: DiscoverySettings) -> Iterator[tuple[str, str]]:
    if discovery.interval < SHORTEST_INTERVAL:
        yield "discovery.interval", "it has to be 100ms or more"
    if discovery.timeout <= 0:
        yield "discovery.timeout", "it has to be more than 0"
    for text in discovery.nameservers:
        try:
            parse_nameserver(text)
        except ValueError as wrong:
            yield "discovery.nameservers", str(wrong)


def _mode_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    """What a discovery mode needs, or has no use for."""
    asked = settings.discovery
    if asked.mode == "static" and not asked.peers:
        yield "discovery.mode", "static needs to be told the peers: set discovery.peers"
    if asked.mode not in ("auto", "static") and asked.peers:
        yield "discovery.peers", f"the mode {asked.mode} asks DNS: leave out one of the two"
    if asked.mode == "ordinals" and settings.replicas is None:
        yield "discovery.mode", "ordinals asks for each pod by its number: set replicas"
    if asked.mode == "ordinals" and settings.workload == "deployment":
        yield "discovery.mode", "the pods of a deployment have no ordinals to ask for"
    if asked.port_name and (asked.mode not in ("auto", "srv") or asked.peers):
        mode = "static" if asked.peers else asked.mode
        yield "discovery.port_name", f"the mode {mode} asks for no port"
    if asked.port_name and not re.fullmatch(PORT_NAME, asked.port_name):
        yield (
            "discovery.port_name",
            f"{asked.port_name!r} is no port's name, as in cql or dns/udp",
        )
    for peer in asked.peers:
        try:
            _ = ip_address(peer) if is_address(peer) else dns_name(peer)
        except ValueError as wrong:
            yield "discovery.peers", str(wrong)


def _bootstrap_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    asked = settings.bootstrap
    if asked.port is not None and not 0 < asked.port < 65536:
        yield "bootstrap.port", f"{asked.port} is not a port"
    if asked.timeout <= 0:
        yield "bootstrap.timeout", "it has to be more than 0"
    for key in ("data", "state_file", "marker"):
        if not (path := getattr(asked, key)).isprintable():
            yield f"bootstrap.{key}", f"{path!r} is no path: it has characters that can't be shown"
    if asked.state_file and not _is_inside(asked.state_file):
        yield "bootstrap.state_file", f"{asked.state_file} has to be a path within bootstrap.data"
    if asked.allow_first and not (asked.port and asked.data and asked.marker):
        yield (
            "bootstrap.allow_first",
            "it needs bootstrap.port, bootstrap.data and bootstrap.marker",
        )
    if asked.port and (not settings.member or settings.workload == "deployment"):
        yield "bootstrap.port", "only a member of a StatefulSet founds a cluster: leave it out"


def _is_inside(path: str) -> bool:
    """Whether a path leads nowhere but down."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _output_problems(outputs: tuple[Output, ...]) -> Iterator[tuple[str, str]]:
    for path, times in Counter(Path(output.path) for output in outputs).items():
        if times > 1:
            yield "outputs", f"{path} is there {times} times: each output needs its own path"
    for output in outputs:
        for sentence in (*_file_problems(output), *_content_problems(output)):
            yield "outputs", sentence


def _file_problems(output: Output) -> Iterator[str]:
    """What is wrong with where an output is written, and how."""
    for path in (output.path, output.template, output.base):
        if not path.isprintable():
            yield f"{path!r} is no path: it has characters that can't be shown"
    if output.mode is not None and re.fullmatch(r"0?[0-3][0-7]{2}", output.mode):
        yield f"mode {output.mode} keeps the owner, this agent, from reading the file"
    if output.mode is not None and not re.fullmatch(r"0?[0-7]{3}", output.mode):
        yield f'{output.mode!r} is not a mode: write it as "0640"'
    if output.check:
        yield from (
            f"the check of {output.path}: {each}" for each in _command_problems(output.check)
        )
    if output.check and not any(FOR_FILE in word for word in output.check[1:]):
        yield (
            f"the check of {output.path} does not say where the new file goes: give it an "
            f'argument with {FOR_FILE}, as in ["my-check", "{FOR_FILE}"]'
        )
    if output.check_timeout is not None and not output.check:
        yield f"{output.path} has a check_timeout and no check: leave out the one, or add the other"
    if output.longest_check <= 0:
        yield f"the check_timeout of {output.path} has to be more than 0"


def _content_problems(output: Output) -> Iterator[str]:
    """What is wrong with what an output is to hold."""
    if not output.format and not output.template:
        yield f"{output.path} has no format: name one, or a template"
    if output.format and output.template:
        yield f"{output.path} has a format and a template: leave out one of the two"
    if output.limit is not None and output.limit < 0:
        yield f"limit {output.limit} of {output.path} is less than 0, which is all"
    if output.port is not None and not 0 < output.port < 65536:
        yield f"port {output.port} of {output.path} is not a port"


def _notify_problems(notifiers: tuple[Notify, ...]) -> Iterator[tuple[str, str]]:
    for notifier in notifiers:
        kinds = [notifier.exec, notifier.http, notifier.signal]
        if sum(kind is not None for kind in kinds) != 1:
            yield "notify", "each entry needs exactly one of exec, http and signal"
            return
        for sentence in _notifier_problems(notifier):
            called = notifier.called
            yield "notify", f"{called if called.isprintable() else repr(called)}: {sentence}"
    for name, times in Counter(notifier.called for notifier in notifiers).items():
        same = [notifier for notifier in notifiers if notifier.called == name]
        if times > 1 and all(notifier == same[0] for notifier in same):
            often = "twice" if times == 2 else f"{times} times"
            yield "notify", f"{name!r} is there {often}, and alike: once is enough"
        elif times > 1:
            mend = "give each its own name, under notify in the file of --config"
            yield "notify", f"{times} entries are called {name!r}: {mend}"


def _notifier_problems(notifier: Notify) -> Iterator[str]:
    if not notifier.called.isprintable() or len(notifier.called) > LONGEST_NAME:
        yield f"a name has {LONGEST_NAME} characters at most, all of which can be shown"
    if notifier.timeout <= 0:
        yield "timeout has to be more than 0"
    if notifier.exec is not None:
        yield from _command_problems(notifier.exec)
    if notifier.exec is None and notifier.stdin != "json":
        yield "stdin is for exec only: leave it out"
    if notifier.http is not None:
        yield from _http_problems(notifier.http)
    if notifier.signal is not None:
        yield from _signal_problems(notifier.signal)


def _command_problems(words: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a command; it is run at /."""
    if any("\0" in word for word in words):
        yield "a word of a command can't have a NUL in it"
    if not words[0]:
        yield "a command begins with a program's name"
    if "/" in words[0] and not words[0].startswith("/"):
        yield f"{words[0]} is looked for from /: give its whole path"


def _http_problems(target: HttpTarget) -> Iterator[str]:
    try:
        parts = urlsplit(target.url)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, or an address with half a bracket
        is_whole = False
    if not is_whole or not re.fullmatch(r"[!-~]+", target.url):
        yield "that is no URL, as in http://127.0.0.1:8080/reload"
    elif parts.username is not None:
        yield "a URL holds no password here: use an Authorization header"
    for name, value in target.headers.items():
        if not re.fullmatch(HEADER_NAME, name) or not re.fullmatch(r"[ -~]*", value):
            yield f"the header {name!r} is none: names have letters, digits and dashes"


def _signal_problems(target: SignalTarget) -> Iterator[str]:
    if bool(target.process) == bool(target.pidfile):
        yield "a signal needs either a process, by its name, or a pidfile"
    if target.pidfile and not target.pidfile.startswith("/"):
        yield f"{target.pidfile} may be in any folder: give the pidfile's whole path"
    if target.number is None:
        yield f"there is no signal {target.signal!r}, as in HUP or USR1"
    elif target.number in (Signals.SIGKILL, Signals.SIGSTOP):
        yield f"{target.signal} tells a process nothing: it can't be handled"
