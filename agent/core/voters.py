"""Lists that a database founds a cluster with: whole, or none.

Servers that vote, with lists that have no majority in common, are two clusters, and so is a server
that is told of itself alone. It knows no database; formats say which rule is theirs.
"""

from dataclasses import dataclass

from agent.core.selection import Listed


@dataclass(frozen=True, slots=True)
class NotWhole:
    """A list that is not to be written; the phrase, from `while` on, says why."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Promise:
    """How many pods are to be in the set of this one, and from which ordinal on.

    `me` is None for an observer, `replicas` where nobody said.
    """

    me: Listed | None
    replicas: int | None
    start_ordinal: int = 0


def promised(seeds: tuple[Listed, ...], promise: Promise) -> tuple[Listed, ...] | NotWhole:
    """Of the seeds the pods that `replicas` promises, all of them, and no others.

    So each of them has one and the same list, from the start of the first one on. Pods of another
    set have ordinals of their own, which would be the same IDs again.
    """
    me, replicas = promise.me, promise.replicas
    if me is None or me.ordinal is None:
        return NotWhole("while this pod has no ordinal, so that its set is not known")
    if replicas is None:
        return NotWhole(
            "while replicas is not set: pods with different lists could found two clusters"
        )
    end = promise.start_ordinal + replicas
    if me.ordinal >= end:
        return NotWhole(f"while replicas is {replicas}, which leaves {me.name} out of the list")
    own = me.name.removesuffix(str(me.ordinal))
    ordinals = range(promise.start_ordinal, end)
    members = tuple(
        seed for seed in seeds if seed.ordinal in ordinals and seed.name == f"{own}{seed.ordinal}"
    )
    if len(members) < replicas:
        return NotWhole(
            f"while it would name {len(members)} of {replicas} pods: they could found a cluster "
            "without the others"
        )
    return members


def several(seeds: tuple[Listed, ...], promise: Promise) -> tuple[Listed, ...] | NotWhole:
    """The seeds, which are not one alone unless `replicas` promises no more."""
    if len(seeds) == 1 and promise.replicas != 1:
        return NotWhole(
            "while it would name one pod only and replicas is not 1: its database would start a "
            "cluster of its own"
        )
    return seeds
