"""The cluster that is measured in: the API double, one CoreDNS over it, and pods that ask it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.lab.cluster import Cluster, Pod, Service
from tests.bench.counting import asked, fetched
from tests.bench.place import Pod as Place
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi

# The measured pod: not the first, so that it has to wait for one; in every set.
POD = "db-1"
_METRICS = "127.0.0.1:9153"
_ZONES = ("cluster.local", "in-addr.arpa", "ip6.arpa")


class _Doors(CoreDns):
    """A CoreDNS that every pod asks at an address of its own, so that it counts them apart."""

    def __init__(self, api: KubeApi, places: Iterable[Place]) -> None:
        self._places = tuple(places)
        super().__init__(api)

    def _corefile(self, plugins: Iterable[str], kubernetes: Iterable[str]) -> str:
        doors = (
            f"{' '.join(f'{zone}:53' for zone in _ZONES)} {{\nbind {place.dns}\nerrors\n"
            f"prometheus {_METRICS}\nloadbalance\n"
            f"kubernetes {' '.join(_ZONES)} {{\nendpoint {self._api.url}\n}}\n}}\n"
            for place in self._places
        )
        return "".join((super()._corefile(plugins, kubernetes), *doors))


@dataclass(frozen=True, slots=True)
class Stage:
    """A running cluster. `places` are the pods that are measured, one for each namespace named."""

    api: KubeApi
    core: CoreDns
    places: tuple[Place, ...]

    def asked(self) -> dict[str, tuple[float, float]]:
        """Questions and answer bytes so far, by the address asked."""
        return asked(fetched(f"http://{_METRICS}/metrics"))


@contextmanager
def stage(cluster: Cluster, namespaces: Sequence[str], folder: Path) -> Iterator[Stage]:
    """CoreDNS in step with this cluster, and a pod in each of these namespaces, in that order."""
    with ExitStack() as held:
        places = tuple(
            held.enter_context(Place(number, POD, namespace, folder / f"pod{number}"))
            for number, namespace in enumerate(namespaces)
        )
        api = held.enter_context(KubeApi(cluster))
        core = held.enter_context(_Doors(api, places))
        yield Stage(api, core, places)


def peers(count: int) -> tuple[Pod, ...]:
    """The pods db-0, db-1, … , each with its address."""
    return tuple(Pod(f"db-{n}", (address(n),)) for n in range(count))


def address(number: int, network: int = 0) -> str:
    """Another address for each number below 60,000, in one of some networks."""
    return f"10.{network}.{number // 250}.{number % 250 + 1}"


def of(*sizes: int) -> Cluster:
    """For each size a service db over so many pods, in a namespace of its own."""
    return Cluster(services=tuple(Service("db", named(size), peers(size)) for size in sizes))


def named(size: int) -> str:
    """The namespace of the set of that size."""
    return f"of-{size}"
