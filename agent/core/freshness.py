"""Which part of an answer can be believed, when it may be an old one.

CoreDNS's cache plugin can be told to go on answering from what has expired while the cluster's
records can't be had (`serve_stale`); such records have a time to live of 0. A cluster may also be
set to give all its records that time to live (`ttl 0`); so it says something only after others.
"""

from collections.abc import Set
from dataclasses import replace

from agent.core.observation import Answered

# Seconds. For so long CoreDNS gives out what has expired, unless told otherwise; what lasts longer
# is a setting.
STALE_FOR = 3600.0
STALE = (
    "DNS answers with a time to live of 0, which it did not before: the answer may be an old one, "
    "so only new peers are taken from it"
)


STALE_NO = "with a time to live of 0, which it did not have before: it may be an old answer"


def is_stale(ttl: float | None, fresh_at: float | None, now: float) -> bool:
    """Whether an answer with this time to live may be an old one; times in (clock) seconds.

    `fresh_at` is when an answer last had a longer one, None if none had.
    """
    return ttl == 0 and fresh_at is not None and now - fresh_at < STALE_FOR


def weigh(answer: Answered, known: Set[str], fresh_at: float | None, now: float) -> Answered:
    """The part of `answer` that can be believed at `now`: all of it, or only who is not `known`.

    `fresh_at` as for `is_stale`.
    """
    if not is_stale(answer.ttl, fresh_at, now):
        return answer
    new = tuple(endpoint for endpoint in answer.endpoints if endpoint.fqdn not in known)
    return replace(answer, endpoints=new, remarks=(*answer.remarks, STALE), is_whole=False)
