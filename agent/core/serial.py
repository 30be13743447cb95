"""When the zone's serial is enough, and when all peers have to be asked for.

A cluster's DNS gives its zone a serial, the Unix second of its last change (CoreDNS, the kubernetes
plugin). A question for it brings some 150 bytes whatever the number of peers. So while everybody is
listed and nothing is awaited, a poll asks only for that; a serial that was not seen before has the
peers asked for at once. It is a trigger and never a gate, because it can hide a change:

| what hides it                              | what brings it all the same                      |
|--------------------------------------------|--------------------------------------------------|
| a second change in the same second         | the peers are asked for again, when that second  |
|                                            | is over                                          |
| another server, which has the change later | the same, or its own serial, which is another    |
| another nameserver, with another view      | any serial of it is news, whatever the one       |
|                                            | before said; that the two differ ends no trust   |
| a cache between, which has the old records | the same, until an answer is known to be younger  |
| a serial that does not move                | the peers are asked for after GAP in any case;   |
|                                            | a change that no serial announced ends the trust |

Pure. All times are clock seconds.
"""

import hashlib
from dataclasses import dataclass, replace
from math import inf

# Seconds. So long at least the serial is enough; a change that it did not announce is hidden then.
GAP = 45.0
# Of that: so much longer at most, another part for each pod and time. All who asked for the peers
# at one change do so again over most of a minute then, and not together.
LATE = 1.0
# Seconds. So long after a serial was first seen, the second that it stands for is over, although a
# time to live is told in whole seconds and may make an answer one of them younger than it is.
AGAIN = 2.0
# Seconds. A cache in a cluster keeps nothing for longer than 30 s.
LONGEST_CACHED = 35.0
# Servers that differ are asked in turns: so many serials are no news.
KNOWN = 64
# So often in a row no serial may come.
MISSES = 5
# Seconds. For so long a serial that can't be trusted is not asked for.
OFF_FOR = 3600.0
# Seconds. kube-dns changes its serial once an hour, on the hour.
_HOUR = 3600
# Seconds. A serial is a time of late, but for clocks that differ.
_OLDEST, _NEWEST = 366 * 86400, 86400


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the serial, and of the last time that the peers were asked for.

    `known`: the serials that are no news. `asked_at`: when the peers were asked for last, None if
    they have to be now, and `made_at` when that answer was made, which a cache may have kept since.
    `news_at`: when a serial was last seen for the first time. `longest_ttl`: of the answers about
    peers; one with less comes from a cache. `is_surprised`: the peers had changed, and no serial
    had said so. `misses`: so often in a row no serial came. `off_until`: it is not trusted till
    then.
    """

    known: tuple[int, ...] = ()
    asked_at: float | None = None
    made_at: float = -inf
    news_at: float = -inf
    longest_ttl: float = 0.0
    is_surprised: bool = False
    misses: int = 0
    off_until: float = 0.0


def is_due(watch: Watch, now: float, part: float) -> bool:
    """Whether to ask for the peers without asking for the serial.

    `part`, from 0 up to 1, is another for each pod and time: so they do not all do it at once.
    """
    if watch.asked_at is None or is_off(watch, now):
        return True
    is_younger = watch.made_at >= watch.news_at + AGAIN
    if not is_younger and watch.asked_at < watch.news_at + LONGEST_CACHED:
        return watch.asked_at < watch.news_at or now >= watch.news_at + AGAIN
    return now - watch.asked_at >= GAP * (1 + LATE * part)


def is_off(watch: Watch, now: float) -> bool:
    """Whether it was given up, for a while."""
    return now < watch.off_until


def is_credible(serial: int, unix_time: float) -> bool:
    """Whether it is the time of a change: of late, and not on the hour, as kube-dns has it."""
    return -_OLDEST <= serial - unix_time <= _NEWEST and serial % _HOUR != 0


def heard(watch: Watch, serial: int, now: float) -> Watch:
    """The zone has this serial. If that is news, the peers are to be asked for.

    Where it is none although the peers had changed, the serial is not to be trusted.
    """
    if serial not in watch.known:
        known = (*watch.known, serial)[-KNOWN:]
        return replace(watch, known=known, news_at=now, is_surprised=False, misses=0)
    if watch.is_surprised:
        return _off(watch, now)
    return replace(watch, misses=0) if watch.misses else watch


def elsewhere(watch: Watch) -> Watch:
    """Another nameserver is asked: what the one before said proves nothing of it."""
    return replace(watch, known=())


def missed(watch: Watch, now: float) -> Watch:
    """No serial came that can be used; the peers are to be asked for."""
    if watch.misses + 1 >= MISSES:
        return _off(watch, now)
    return replace(watch, misses=watch.misses + 1)


def answered(watch: Watch, ttl: float, asked_at: float, *, surprised: bool) -> Watch:
    """The peers were asked for at `asked_at`, and a whole answer came, with this time to live.

    `surprised`: it differs from the one before, with nothing awaited. Not long after a serial was
    news, it may.
    """
    longest = max(watch.longest_ttl, ttl)
    surprised = surprised and asked_at >= max(watch.news_at + LONGEST_CACHED, watch.off_until)
    return replace(
        watch,
        asked_at=asked_at,
        made_at=asked_at - (longest - ttl),
        longest_ttl=longest,
        is_surprised=surprised or watch.is_surprised,  # until a serial explains it, or does not
    )


def in_doubt(watch: Watch) -> Watch:
    """The peers were asked for, and no whole answer came."""
    return replace(watch, asked_at=None)


def spread(salt: str) -> float:
    """A number from 0 up to 1, spread evenly over all salts."""
    number = int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=4).digest(), "big")
    return number / 2.0**32


def _off(watch: Watch, now: float) -> Watch:
    """It is not trusted for a while."""
    return replace(Watch(), longest_ttl=watch.longest_ttl, off_until=now + OFF_FOR)
