"""The figures of docs/fleet.md, as lines of Markdown. Pure, but for the playing of scenes."""

from collections.abc import Callable, Iterable, Iterator

from agent.discovery.attempt import EDNS_PAYLOAD
from tests.fleet import scenes, sizes
from tests.fleet.dns import Load, total
from tests.fleet.scenes import Scene, seen

SETS = (10, 100, 700, 1000)
# So many sets, of so many pods, in one cluster.
MANY, SMALL = 100, 100
OUTAGES = {"1 minute": 60.0, "10 minutes": 600.0, "1 hour": 3600.0}
OUTAGE_OF = 700
LARGEST = 10_000


def lines() -> Iterator[str]:
    """All of the tables."""
    yield from _loads()
    yield ""
    yield from _outages()
    yield ""
    yield from _answers()


def peer_finder(pods: int) -> Load:
    """What peer-finder asks in a second, in each of so many pods: by UDP, and by TCP after that."""
    by_udp = sizes.srv(pods, EDNS_PAYLOAD)
    answers = [by_udp] if by_udp.is_whole else [by_udp, sizes.srv(pods)]
    return total(Load(1, answer.size) for answer in answers).times(pods)


def _loads() -> Iterator[str]:
    heads = [f"{pods:,} pods" for pods in SETS] + [f"{MANY} sets of {SMALL}"]
    yield _row("questions, bytes of answers a second", heads)
    yield "|---" * (len(heads) + 1) + "|"
    yield _row("at rest", _means(scenes.REST))
    yield _row("`serial: never`", _means(scenes.NEVER))
    yield _row("peer-finder, always", _each(peer_finder))
    yield _row("rolling restart, a pod every 30 s", [*_means(scenes.RESTART)[:-1], _elsewhere()])
    yield _row("cold start, OrderedReady: the last minute", [*_means(scenes.ORDERED)[:-1], ""])
    yield _row(
        "cold start, Parallel in 30 s: worst second",
        [*_worsts(scenes.TOGETHER, scenes.MORE)[:-1], ""],
    )
    yield _row("a pod is added: worst second", [*_worsts(scenes.CHANGE)[:-1], ""])
    yield _row("and of the minute and a half after", [*_worsts(scenes.ECHO)[:-1], ""])
    yield _row("any service of the cluster changes every 10 s", _means(scenes.BUSY))
    yield _row("the same, every second", _means(scenes.BUSIER))


def _outages() -> Iterator[str]:
    yield _row(f"{OUTAGE_OF} pods, DNS answers again after", OUTAGES)
    yield "|---" * (len(OUTAGES) + 1) + "|"
    found = [seen(scenes.after(length), OUTAGE_OF) for length in OUTAGES.values()]
    yield _row("worst second", [_shown(each.worst) for each in found])
    rest = seen(scenes.REST, OUTAGE_OF).mean.questions
    times = [f"{each.worst.questions / rest:.1f}" for each in found]
    yield _row("so many times the questions at rest", times)
    yield _row("mean of the 20 s after", [_shown(each.mean) for each in found])


def _answers() -> Iterator[str]:
    yield _row("bytes of one answer", ["SRV by UDP", "SRV by TCP", "A by TCP"])
    yield "|---|---|---|---|"
    for pods in (*SETS, 4000, LARGEST):
        answers = sizes.srv(pods, EDNS_PAYLOAD), sizes.srv(pods), sizes.addresses(pods)
        yield _row(f"{pods:,} pods", [_size(answer) for answer in answers])
    yield ""
    most = sizes.largest(sizes.srv), sizes.largest(sizes.addresses)
    lost = seen(scenes.TOO_MANY, LARGEST).mean
    yield (
        f"The largest set with a whole answer has {most[0]:,} pods by SRV and {most[1]:,} by A. "
        f"A set of {LARGEST:,} asks in vain, each second: {_shown(lost)}."
    )


def _size(answer: sizes.Answer) -> str:
    return f"{answer.size:,}" if answer.is_whole else f"{answer.size:,}, cut"


def _means(scene: Scene) -> list[str]:
    return _each(lambda pods: seen(scene, pods).mean)


def _worsts(scene: Scene, played: int = scenes.PLAYED) -> list[str]:
    return _each(lambda pods: seen(scene, pods, played).worst)


def _each(load: Callable[[int], Load]) -> list[str]:
    """What is shown of each set, and of many sets that all do the same."""
    return [_shown(load(pods)) for pods in SETS] + [_shown(load(SMALL).times(MANY))]


def _elsewhere() -> str:
    """Of many sets one is restarted, which changes the zone's serial for the others too."""
    others = seen(scenes.busy(scenes.EACH / 2), SMALL).mean.times(MANY - 1)
    return _shown(total([seen(scenes.RESTART, SMALL).mean, others]))


def _shown(load: Load) -> str:
    unit, size = ("MB", load.size / 1e6) if load.size >= 1e6 else ("kB", load.size / 1e3)
    return f"{_rounded(load.questions)}, {_rounded(size)} {unit}"


def _rounded(number: float) -> str:
    """To two digits, or to a whole number."""
    return f"{number:.1f}" if number < 10 else f"{float(f'{number:.2g}'):,.0f}"


def _row(head: str, cells: Iterable[str]) -> str:
    return f"| {head} | {' | '.join(cells)} |"
