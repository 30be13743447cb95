"""What is wrong with a setup, and the YAML that mends it: verdicts on the facts that were found.

`STEPS` lists the checks in the order in which a person reads them. A check is a function from
`Evidence` to a verdict, and knows nothing of the other checks; a further one is one more function
and one more row. What a check needs is in its row: where that is not well, the check is skipped, so
that one mistake is told once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.core.diagnosis.evidence import (
    UNASKED,
    Asked,
    Dns,
    Evidence,
    Flaw,
    Founding,
    Kept,
    Known,
    Listed,
    Mistake,
    OverTcp,
    Program,
    Reaction,
    Records,
    Way,
    WrongSetting,
    known,
    listed,
)
from agent.core.diagnosis.founding import check_bootstrap, wants_advice
from agent.core.diagnosis.mends import in_yaml
from agent.core.diagnosis.nameservers import check_nameservers, check_namespace, check_tcp
from agent.core.diagnosis.peers import check_peers, check_record
from agent.core.diagnosis.pod import (
    check_identity,
    check_memory,
    check_outputs,
    check_programs,
    check_settings,
)
from agent.core.diagnosis.service import check_freshness, check_ports, check_service
from agent.core.diagnosis.verdict import State, Verdict, fail, skipped

__all__ = [
    "STEPS",
    "UNASKED",
    "Asked",
    "Check",
    "Dns",
    "Evidence",
    "Flaw",
    "Founding",
    "Kept",
    "Mistake",
    "OverTcp",
    "Program",
    "Reaction",
    "Records",
    "State",
    "Way",
    "WrongSetting",
    "diagnose",
    "is_well",
    "sum_up",
]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and the YAML that mends it.

    `finding` has a line for each sentence. `mend` is empty where all is well, or where no line of
    YAML would help; comments in it say where it belongs.
    """

    name: str
    state: State
    finding: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A check, and the names of those before it that have to be well for it to mean anything.

    `is_wanted`: whether it is one of this setup; else there is no need to wait for others.
    """

    name: str
    judge: Callable[[Evidence], Verdict]
    needs: tuple[str, ...] = ()
    is_wanted: Callable[[Evidence], bool] = lambda _: True


def _of_known(judge: Callable[[Known], Verdict]) -> Callable[[Evidence], Verdict]:
    """A check of a pod that is known."""

    def judged(evidence: Evidence) -> Verdict:
        facts = known(evidence)
        return skipped("identity") if facts is None else judge(facts)

    return judged


def _of_listed(judge: Callable[[Listed], Verdict]) -> Callable[[Evidence], Verdict]:
    """A check of an answer that says who is there."""

    def judged(evidence: Evidence) -> Verdict:
        facts = listed(evidence)
        return skipped("service") if facts is None else judge(facts)

    return judged


STEPS = (
    Step("settings", check_settings),
    Step("identity", check_identity, ("settings",)),
    Step("nameservers", check_nameservers, ("settings",)),
    Step("namespace", check_namespace, ("nameservers",)),
    Step("service", _of_known(check_service), ("identity", "namespace")),
    Step("record", _of_listed(check_record), ("service",)),
    Step("ports", _of_known(check_ports), ("service",)),
    Step("peers", _of_listed(check_peers), ("service",)),
    Step("tcp", check_tcp, ("identity", "namespace")),
    Step("freshness", check_freshness, ("service",)),
    Step("outputs", check_outputs, ("settings",)),
    Step("programs", check_programs, ("settings",)),
    Step("memory", _of_known(check_memory), ("identity",)),
    Step("bootstrap", check_bootstrap, ("record",), wants_advice),
)


def diagnose(evidence: Evidence | WrongSetting) -> tuple[Check, ...]:
    """All checks, in their order."""
    if isinstance(evidence, WrongSetting):
        settings, *others = (step.name for step in STEPS)
        wrong = _check(settings, fail(evidence.sentence))
        return (wrong, *(_check(name, skipped(settings)) for name in others))
    done: list[Check] = []
    # Of each check that lets nobody on: the names of those that have to be mended first.
    stopped_by: dict[str, tuple[str, ...]] = {}
    for step in STEPS:
        first = tuple(dict.fromkeys(n for need in step.needs for n in stopped_by.get(need, ())))
        waits = bool(first) and step.is_wanted(evidence)
        verdict = skipped(*first) if waits else step.judge(evidence)
        if not verdict.lets_on:
            stopped_by[step.name] = verdict.first or (step.name,)
        done.append(_check(step.name, verdict))
    return tuple(done)


def _check(name: str, verdict: Verdict) -> Check:
    return Check(name, verdict.state, verdict.finding, in_yaml(verdict.mends))


def sum_up(checks: tuple[Check, ...]) -> str:
    """The last line: how many checks are not well, and where to begin."""
    counts = {state: sum(check.state is state for check in checks) for state in State}
    words = (
        (State.FAIL, "failed"),
        (State.WARN, "with a warning"),
        (State.SKIPPED, "skipped"),
    )
    told = ", ".join(f"{counts[state]} {word}" for state, word in words if counts[state])
    if is_well(checks):
        return f"all is well: {counts[State.OK]} checks{f', {told}' if told else ''}"
    order = (State.FAIL, State.WARN)
    first = next(check for state in order for check in checks if check.state is state)
    return f"not all is well: of {len(checks)} checks {told}; begin with {first.name}"


def is_well(checks: tuple[Check, ...]) -> bool:
    """Whether there is nothing to mend: no check failed, and none has a warning."""
    return not any(check.state in (State.WARN, State.FAIL) for check in checks)
