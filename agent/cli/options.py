"""From what a person typed to settings and an identity."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from agent.cli.ending import Wrong
from agent.core.identity import Identity, IdentityError, identify, told_among
from agent.core.nameservers import Nameserver
from agent.core.roll import pod_names
from agent.core.surroundings import Surroundings, container_addresses
from agent.discovery import Inquiry
from agent.discovery.resolv import ResolvConf
from agent.settings import (
    CONFIG,
    INLINE,
    OPTIONS,
    Loaded,
    Option,
    Said,
    Settings,
    SettingsError,
    load,
)

Function = TypeVar("Function", bound=Callable[..., Any])

RESOLV_CONF = Path("/etc/resolv.conf")
_HOSTS = Path("/etc/hosts")
_DOWNWARD_API = ("POD_NAME", "POD_NAMESPACE", "POD_IP", "POD_IPS")


@dataclass(frozen=True, slots=True)
class Situation:
    """Settings, who this pod is, whom to ask, and the addresses of this container, if known."""

    settings: Settings
    identity: Identity
    nameservers: Callable[[], tuple[Nameserver, ...]]
    here: tuple[str, ...] = ()


def settings_options(*without: str) -> Callable[[Function], Function]:
    """Gives a command the flags of `OPTIONS` and `--config`, but those named, as `**flags`."""

    def decorate(function: Function) -> Function:
        for option in reversed((CONFIG, *OPTIONS)):
            if option.flag not in without:
                function = _flag(option)(function)
        return function

    return decorate


def _flag(option: Option) -> Callable[[Function], Function]:
    more = " (repeatable)" if option.is_list else ""
    return click.option(
        option.flag,
        metavar=option.metavar,
        multiple=option.is_list,
        help=f"{option.help}{more}".replace("[", "(").replace("]", ")"),
    )


def find_situation(loaded: Loaded) -> Situation:
    """Settings, identity and nameservers. Raises Wrong."""
    around = find_surroundings(loaded)
    try:
        identity = told_among(identify(around, loaded.settings.role), loaded.settings.peers)
    except IdentityError as wrong:
        raise Wrong(str(wrong)) from None
    nameservers = find_nameservers(loaded.settings)
    if not nameservers() and not loaded.settings.peers:
        raise Wrong(f"{RESOLV_CONF} names no nameserver: set --nameserver to the cluster's DNS")
    return Situation(loaded.settings, identity, nameservers, container_addresses(around))


def find_nameservers(settings: Settings) -> Callable[[], tuple[Nameserver, ...]]:
    """Whom to ask: as told, or else as resolv.conf says at that moment."""
    told = settings.nameservers

    def as_told() -> tuple[Nameserver, ...]:
        return told

    return as_told if told else ResolvConf(RESOLV_CONF).nameservers


def inquiry_of(situation: Situation) -> Inquiry:
    """What DNS is to be asked, by the settings. Raises Wrong where they can't be asked so."""
    settings, me = situation.settings, situation.identity
    chosen = settings.discovery
    if chosen.mode == "srv" and me.service.is_bare:
        raise Wrong(
            "--discovery srv can't be used where names have no namespace, as in docker-compose: "
            "Docker has no SRV records, and asks strangers for them; leave it out"
        )
    if chosen.mode == "ordinals" and not me.is_member and not me.service.is_bare:
        raise Wrong(
            "--discovery ordinals can't be used by an observer: what the StatefulSet is called is "
            "not known; leave it out"
        )
    has_names = settings.role.has_ordinals
    of_set = me.set_name or me.service.name  # an observer is of no set: most are called alike
    expected = pod_names(of_set, settings.start_ordinal, settings.replicas or 0)
    return Inquiry(
        service=me.service,
        own=me.peer,
        nameservers=situation.nameservers,
        mode=chosen.mode,
        timeout=chosen.timeout,
        port=chosen.port_name,
        family=chosen.address_family,
        pods=expected if has_names else (),
        peers=settings.peers,
        has_names=has_names,
        here=situation.here,
        serial=chosen.serial,
    )


def find_surroundings(loaded: Loaded) -> Surroundings:
    """All that identity may be read from, as it is now."""
    return Surroundings(
        told=loaded.told,
        environment={name: os.environ[name] for name in _DOWNWARD_API if name in os.environ},
        hosts=_read(_HOSTS),
        hostname=socket.gethostname(),
        resolv_conf=_read(RESOLV_CONF),
    )


def load_settings(flags: dict[str, Any]) -> Loaded:
    """The settings, and what of the identity was told. Raises Wrong."""
    try:
        return load(find_said(flags))
    except SettingsError as wrong:
        raise Wrong(str(wrong)) from None


def find_said(flags: dict[str, Any]) -> Said:
    """All that was said: by flags, by variables, and in the config file. Raises Wrong."""
    given = {
        "--" + name.replace("_", "-"): value
        for name, value in flags.items()
        if value not in (None, ())
    }
    environment = dict(os.environ)
    if config := str(given.pop(CONFIG.flag, "")):
        environment.pop(INLINE, None)  # a flag comes before a variable
    config = config or environment.get(CONFIG.variable, "")
    text = ""
    if config:
        try:
            text = Path(config).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as wrong:
            reason = wrong.strerror if isinstance(wrong, OSError) else "it is not UTF-8 text"
            raise Wrong(f"the config file {config} can't be read: {reason}") from None
    return Said(given, environment, config, text)


def _read(path: Path) -> str:
    """A file's text, empty if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
