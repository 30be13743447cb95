"""The document of /v1/status: a snapshot as JSON types.

docs/status.md describes it for people, openapi.json for programs. It has no times, only ages in
seconds: whose clock it is does not matter then.
"""

from typing import Any, Literal

from agent.core.delivery import Delivery
from agent.core.facts import facts, facts_document
from agent.core.roll import peer_document
from agent.core.snapshot import Missing, NotifierState, OutputState, Polls, Snapshot, missing

# `told`: all that there is to tell. `waiting`: there is news, and it is not yet time to tell it.
State = Literal["told", "running", "waiting", "failed"]


def status_document(snapshot: Snapshot, now: float, version: str) -> dict[str, Any]:
    """What was at the end of the last turn, as it stands at `now` (seconds of the loop's clock)."""
    roll, advice = snapshot.roll, snapshot.advice
    return {
        "version": version,
        "uptime": _since(snapshot.started, now),
        "identity": facts_document(facts(snapshot.me)),
        "remarks": list(snapshot.me.remarks),
        "live": snapshot.is_live(now),
        "liveness": liveness(snapshot, now),
        "ready": snapshot.is_ready,
        "gate": snapshot.gate,
        "polls": _polls(snapshot.polls, now) | {"next_in": _until(snapshot.next_poll, now)},
        "generation": roll.generation,
        "replicas": roll.replicas,
        "members": _members(snapshot, now),
        "answering": {str(port): dict(heard) for port, heard in roll.answering.items()},
        "bootstrap": advice and {"advice": advice.word, "reason": advice.reason},
        "outputs": [_output(output, now) for output in snapshot.outputs],
        "notifiers": [_notifier(notifier, now) for notifier in snapshot.notifiers],
    }


def liveness(snapshot: Snapshot, now: float) -> str:
    """Why the loop counts as alive, or does not."""
    late = now - snapshot.next_poll
    if snapshot.is_live(now):
        return f"a poll is due in {-late:.1f} s" if late < 0 else "a poll is under way"
    return (
        f"the loop stands still: a poll was due {late:.0f} s ago and has not ended, although "
        f"{snapshot.patience:.0f} s are enough"
    )


def state_of(delivery: Delivery) -> State:
    """What a notifier does now, in a word."""
    if delivery.under_way is not None:
        return "running"
    if delivery.failed:
        return "failed"
    return "told" if delivery.waits_since is None else "waiting"


def _members(snapshot: Snapshot, now: float) -> list[dict[str, Any]]:
    """The roll's peers, and of each whether DNS lists it."""
    me = snapshot.roll.me
    held = {each.peer.fqdn: each for each in missing(snapshot.membership, snapshot.rules, now)}
    return [
        peer_document(peer)
        | {
            "self": me is not None and peer.fqdn == me.fqdn,
            "missing": _missing(held.get(peer.fqdn)),
        }
        for peer in snapshot.roll.peers
    ]


def _missing(held: Missing | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {"for": round(held.seconds, 1), "of": held.of, "reason": held.reason}


def _polls(polls: Polls, now: float) -> dict[str, Any]:
    return {
        "answered": polls.answered,
        "quiet": polls.quiet,
        "absent": polls.absent,
        "unknown": polls.unknown,
        "reason": polls.reason,
        "last_answer": _since(polls.answered_at, now),
    }


def _output(output: OutputState, now: float) -> dict[str, Any]:
    return {
        "name": output.name,
        "path": output.path,
        "condition": output.condition,
        "reason": output.reason,
        "writes": output.writes,
        "failures": output.failures,
        "last_write": _since(output.written_at, now),
    }


def _notifier(notifier: NotifierState, now: float) -> dict[str, Any]:
    delivery, state = notifier.delivery, state_of(notifier.delivery)
    return {
        "name": notifier.name,
        "state": state,
        "reason": delivery.reason,
        "failures_in_a_row": delivery.failed,
        "retry_in": None if notifier.due is None else _until(notifier.due, now),
        "waits": _since(delivery.waits_since, now),
        "successes": delivery.successes,
        "failures": delivery.failures,
    }


def _since(then: float | None, now: float) -> float | None:
    """How long ago that was, in seconds; None for what never was."""
    return None if then is None else round(max(0.0, now - then), 1)


def _until(then: float, now: float) -> float:
    """How long it is till then, in seconds; 0 if that is past."""
    return round(max(0.0, then - now), 1)
