"""The document of /v1/status as a table for people: what, its state, since when, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
_HEAD = ("WHAT", "STATE", "SINCE", "WHY")
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


@dataclass(frozen=True, slots=True)
class Row:
    """One thing. `since` and `soon` change by themselves as time passes, and nothing else does."""

    what: str
    state: str
    why: str = ""
    since: str = ""
    soon: str = ""

    @property
    def news(self) -> tuple[str, str, str]:
        """What of it is worth telling when it changes."""
        return self.what, self.state, self.why

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """It as it is shown."""
        return self.what, self.state, self.since, "; ".join(filter(None, (self.why, self.soon)))


def rows(document: Document) -> tuple[Row, ...]:
    """All that there is to tell, in the order of the way from DNS to who is told."""
    polls = document["polls"]
    return (
        _agent(document),
        Row("gate", "open" if document["ready"] else "shut", document["gate"]),
        *(Row("remark", "", remark) for remark in document["remarks"]),
        Row("DNS", _answered(polls), polls["reason"], age(polls["last_answer"])),
        *_members(document),
        *_advice(document),
        *(_output(output) for output in document["outputs"]),
        *(_notifier(notifier) for notifier in document["notifiers"]),
    )


def table(shown: tuple[Row, ...]) -> str:
    """Rows as text, each column as wide as it has to be."""
    cells = [_HEAD, *(row.cells for row in shown)]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    lines = (
        "  ".join((*(f"{row[n]:{width}}" for n, width in enumerate(widths)), row[3])).rstrip()
        for row in cells
    )
    return "\n".join(lines)


def age(seconds: float | None) -> str:
    """A length of time, as exact as a person needs it; empty for None."""
    if seconds is None:
        return ""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _agent(document: Document) -> Row:
    identity = document["identity"]
    name = identity.get("name_in_dns", identity["pod_name"])["value"]
    who = f"{name}, rollcall {document['version']}"
    state = "live" if document["live"] else "stuck"
    return Row("agent", state, who, age(document["uptime"]), document["liveness"])


def _answered(polls: Document) -> str:
    if polls["reason"]:
        return "in doubt"
    return "asked" if polls["last_answer"] is None else "answers"


def _members(document: Document) -> Iterator[Row]:
    members, replicas = document["members"], document["replicas"]
    of = "" if replicas is None else f" of {replicas}"
    yield Row("members", f"{len(members)}{of}", f"generation {document['generation']}")
    for member in members:
        missing = member["missing"]
        why = [", ".join(member["addresses"]) or "no address yet"]
        if member["self"]:
            why.append("this pod")
        for port, heard in document["answering"].items():
            if member["fqdn"] in heard:
                why.append(f"{'answers' if heard[member['fqdn']] else 'refuses'} on {port}")
        if missing is None:
            yield Row(f"member {member['name']}", "listed", ", ".join(why))
        else:
            why.append(f"held for {age(missing['of'])}")
            since = age(missing["for"])
            yield Row(f"member {member['name']}", "missing", ", ".join(why), since)


def _advice(document: Document) -> Iterator[Row]:
    if (advice := document["bootstrap"]) is not None:
        yield Row("bootstrap", advice["advice"], advice["reason"])


def _output(output: Document) -> Row:
    return Row(
        f"file {output['path']}", output["condition"], output["reason"], age(output["last_write"])
    )


def _notifier(notifier: Document) -> Row:
    times, why = notifier["failures_in_a_row"], notifier["reason"]
    if times > 1:
        why = f"{why}, {times} times in a row"
    if times and notifier["state"] == "running":
        why = f"the last try {why}"
    if notifier["state"] == "told" and not notifier["successes"]:
        why = "nothing was to be told since the agent's start"
    again = "again" if times else "told"
    retry = notifier["retry_in"]
    soon = "" if retry is None else f"{again} in {age(retry)}"
    return Row(f"notify {notifier['name']}", notifier["state"], why, age(notifier["waits"]), soon)
