"""Gathers the evidence for the bootstrap advice: the marker, the database's folder, the peers.

It joins looking (at files, at peers) and judging (`core/bootstrap`), and remembers by the marker,
a small file that is to outlive the database's data. It knows neither settings nor DNS.

The marker is written once the database's folder holds something, and not because a peer answers.
That somebody listens does not show that this pod belongs to them: under Parallel the others'
databases may listen before there is any cluster, and behind a wrong port or a service mesh's proxy
anybody does. Such an answer says `join` for as long as it lasts, and leaves nothing to clean up.
What is lost by that is small: a database that joins fills its folder before anything else.
"""

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from agent.answering import Ask, Clock, answering
from agent.core.bootstrap import Advice, Evidence, advise, lowest
from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.roll import Peer, Roll
from agent.publish import PublishError, check_target, publish

# Seconds. A database may log each connect, so the same peers are asked no more often than this.
ASK_AGAIN = 5.0
# What a new file system has in it by itself (mke2fs(8)).
_NO_DATA = {"lost+found"}
_FORGETFUL = "it can't be remembered that this pod had a cluster"


@dataclass(frozen=True, slots=True)
class Asking:
    """What is looked at. `port` is the cluster's; `timeout` in seconds, for all connects together.

    `data` is the database's folder, and `state_file` a path in it: then only that counts as
    something in the folder. The folder has to be there, because a folder that is not mounted into
    this container looks as empty as a new one. `marker` is a file in a folder that is there. None
    for either: it can't be told, and `first` is never said. `allowed`: it may be said.
    """

    port: int
    timeout: float = 1.0
    data: Path | None = None
    state_file: str = ""
    marker: Path | None = None
    allowed: bool = False


class Adviser:
    """Gives the advice, each time by what is there then.

    Two of them with one `Asking` agree, in one process or two: nothing is remembered but the
    marker, and for ASK_AGAIN seconds what the peers said. Only `ask` takes time, and only it may
    be ended in the middle; `clock` gives seconds that never go back.
    """

    def __init__(self, asking: Asking, clock: Clock, ask: Ask = answering) -> None:
        self._asking = asking
        self._clock = clock
        self._ask = ask
        self._asked: tuple[Peer, ...] = ()
        self._heard: tuple[Finding, ...] = ()
        self._ask_again = clock()

    def __call__(self, roll: Roll, listing: Yes | CantTell) -> Advice:
        """The advice for the pod that `roll` is of; `listing` as `core.bootstrap.listing` says.

        Looks no further than what settles it: the peers are asked only where this pod would found.
        Raises nothing of its own: what fails is in the reason.
        """
        marker = self._marker()
        if isinstance(marker, Yes):
            return advise(Evidence(marker=marker))
        evidence = Evidence(lowest(roll), self._asking.allowed, marker, self._data(), listing)
        if isinstance(evidence.data, Yes) and roll.me is not None:
            return self._remember(roll.me.name, marker, advise(evidence))
        if advise(evidence).word == "join":
            return advise(evidence)
        return advise(replace(evidence, peers=self._peers(roll)))

    def survey(self, roll: Roll, listing: Yes | CantTell) -> Evidence:
        """All that the advice rests on, what does not change it too. Leaves no trace."""
        marker, data, peers = self._marker(), self._data(), self._peers(roll)
        return Evidence(lowest(roll), self._asking.allowed, marker, data, listing, peers)

    def _marker(self) -> Finding:
        """Whether the marker is there. If not, it has to be one that could be written and lasts."""
        marker, folder = self._asking.marker, self._asking.data
        if marker is None:
            return CantTell(
                f"{_FORGETFUL}: name a file on a persistent volume with bootstrap.marker"
            )
        try:
            marker.lstat()
        except FileNotFoundError:
            pass
        except OSError as wrong:
            return CantTell(f"{marker} can't be looked at: {wrong.strerror or wrong}")
        else:
            return Yes(
                f"{marker} says that this pod had a cluster before; remove it only where this pod "
                "is to found another"
            )
        if folder is not None and _is_within(marker, folder):
            return CantTell(
                f"{_FORGETFUL}: {marker} is in the database's folder, and would be wiped with it"
            )
        try:
            check_target(marker)
        except PublishError as wrong:
            return CantTell(f"{_FORGETFUL}: {wrong}")
        return No(f"there is no {marker}")

    def _remember(self, pod: str, found: No | CantTell, advice: Advice) -> Advice:
        """Writes the marker, which was not there; the advice says so if that can't be."""
        if self._asking.marker is None:
            return advice
        if isinstance(found, CantTell):
            return replace(advice, reason=f"{advice.reason}; {found.reason}")
        content = (
            f"{pod} has a cluster: {advice.reason}.\n"
            "While this file is there, rollcall never says that it may found another.\n"
        )
        try:
            publish(self._asking.marker, content.encode(), None)
        except PublishError as wrong:
            return replace(advice, reason=f"{advice.reason}; {_FORGETFUL}: {wrong}")
        return advice

    def _data(self) -> Finding:
        """Whether the database's folder holds something."""
        folder, file = self._asking.data, self._asking.state_file
        if folder is None:
            return CantTell("the database's folder is not known: name it with bootstrap.data")
        try:
            return _file_in(folder, file) if file else _anything_in(folder)
        except FileNotFoundError:
            mend = "mount the database's volume into this container too, read-only is enough"
        except PermissionError:
            user = os.geteuid()
            mend = f"user {user} may not read it, give it a group that may (fsGroup)"
        except OSError as wrong:
            mend = wrong.strerror or str(wrong)
        return CantTell(f"what is in {folder} can't be told: {mend}")

    def _peers(self, roll: Roll) -> tuple[Finding, ...]:
        """For each other peer, whether it answers; asked again if others are there, or in time."""
        if roll.others != self._asked or self._clock() >= self._ask_again:
            self._heard = self._connect(
                roll.others, frozenset(roll.me.addresses if roll.me else ())
            )
            self._asked = roll.others
            self._ask_again = self._clock() + ASK_AGAIN
        return self._heard

    def _connect(self, peers: tuple[Peer, ...], own: frozenset[str]) -> tuple[Finding, ...]:
        """Asks the peers, but none at this pod's own addresses: whoever had them is elsewhere."""
        moved = {peer.fqdn for peer in peers if own.intersection(peer.addresses)}
        elsewhere = [
            Peer(peer.fqdn, tuple(a for a in peer.addresses if a not in own)) for peer in peers
        ]
        heard = self._ask(elsewhere, self._asking.port, self._asking.timeout, self._clock)
        return tuple(
            CantTell(f"DNS lists {peer.name} at this pod's own address, where it was before")
            if peer.fqdn in moved and not isinstance(heard[peer.fqdn], Yes)
            else heard[peer.fqdn]
            for peer in peers
        )


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path is below a folder, wherever links lead."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _anything_in(folder: Path) -> Finding:
    """Whether a folder holds anything of its own. Raises OSError."""
    if not stat.S_ISDIR(folder.stat().st_mode):
        return Yes(f"{folder} is there")
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name not in _NO_DATA:
                return Yes(f"{folder} holds {entry.name!r}")
    return No(f"{folder} is empty")


def _file_in(folder: Path, file: str) -> Finding:
    """Whether a file, or a folder, is in a folder that is there. Raises OSError."""
    folder.stat()
    try:
        (folder / file).lstat()
    except FileNotFoundError:
        return No(f"{folder} has no {file}")
    return Yes(f"{folder} holds {file}")
