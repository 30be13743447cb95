"""From settings to those who are told that files have changed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from agent.cli.ending import Wrong
from agent.core.delivery import DeliveryRules
from agent.core.notice import Notice
from agent.edges import Attempt, Events, Notifier
from agent.notify import Around
from agent.settings import Notify, Settings


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
            from agent.notify.exec import Exec  # noqa: PLC0415  # for this kind only

            return Exec(notify.called, words, notify.timeout, notify.stdin, around).start
        case Notify(http=target) if target is not None:
            from agent.exchange import ExchangeError, Request, check  # noqa: PLC0415  # as above
            from agent.notify.http import Http  # noqa: PLC0415  # as above

            request = Request(target.method, target.url, target.headers)
            try:
                check(request)
            except ExchangeError as wrong:
                raise Wrong(f"notify: {notify.called}: {wrong}") from None
            return Http(notify.called, request, notify.timeout, around).start
        case Notify(signal=target) if target is not None and target.number is not None:
            from agent.notify.signal import ByName, ByPidfile, Signal  # noqa: PLC0415  # as above

            whom = ByPidfile(Path(target.pidfile)) if target.pidfile else ByName(target.process)
            return Signal(whom, target.number, around).start
    raise AssertionError(f"{notify.called} tells nobody")
