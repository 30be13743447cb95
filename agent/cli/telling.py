"""From settings to those who are told: hooks, and whoever asks for the status."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from agent import __version__
from agent.cli.ending import Wrong
from agent.core.delivery import DeliveryRules
from agent.core.notice import Notice
from agent.edges import Attempt, Events, Notifier
from agent.exchange import ExchangeError, Request, check
from agent.notify import Around, ByName, ByPidfile, Exec, Http, Signal
from agent.settings import Notify, Settings
from agent.status import About, ListenError, NoServer, Server, serve


def notifiers_of(
    settings: Settings, tell: Events, wake: Callable[[], None]
) -> tuple[Notifier, ...]:
    """Whom to tell of changed files; `wake` is called when a try has ended. Raises Wrong."""
    around = Around(tell, wake, time.monotonic, dict(os.environ))
    return tuple(
        Notifier(each.called, _start_of(each, around), _rules_of(each)) for each in settings.notify
    )


def _rules_of(notify: Notify) -> DeliveryRules:
    return DeliveryRules(on_first=notify.on_first, min_interval=notify.min_interval)


def _start_of(notify: Notify, around: Around) -> Callable[[Notice], Attempt]:
    """What begins a try, of the one kind that the settings have let through. Raises Wrong."""
    match notify:
        case Notify(exec=(*words,)):
            return Exec(notify.called, words, notify.timeout, notify.stdin, around).start
        case Notify(http=target) if target is not None:
            request = Request(target.method, target.url, target.headers)
            try:
                check(request)
            except ExchangeError as wrong:
                raise Wrong(f"notify: {notify.called}: {wrong}") from None
            return Http(notify.called, request, notify.timeout, around).start
        case Notify(signal=target) if target is not None and target.number is not None:
            whom = ByPidfile(Path(target.pidfile)) if target.pidfile else ByName(target.process)
            return Signal(whom, target.number, around).start
    raise AssertionError(f"{notify.called} tells nobody")


def server_of(settings: Settings, tell: Events) -> Server | NoServer:
    """The status server, or what stands for it where none is wanted. Raises Wrong."""
    try:
        about = About(__version__, time.monotonic(), settings.patience)
        return serve(settings.listen, about, tell)
    except ListenError as wrong:
        raise Wrong(str(wrong)) from None
