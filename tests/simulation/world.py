"""The cluster: a StatefulSet, the kubelet and the records that its headless service is to have.

What takes how long is what was measured on a real one: a new pod's record is there up to a second
after its start, a deleted pod has another address 1.6 s later, and the container of one that was
deleted by force may run on beside its successor.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from agent.core.observation import Endpoint
from agent.core.roll import Peer, Service
from tests.simulation.agenda import Agenda, chance_for
from tests.simulation.scenario import Scenario, Trouble

SERVICE = Service("db", "prod", "cluster.local")
Records = tuple[Endpoint, ...]


@dataclass(slots=True, eq=False)
class Pod:
    """One pod from its creation to its end; its successor of the same name is another.

    `ordinal` is its place in the set, which a Deployment's pod does not know; None for an observer.
    """

    name: str
    ordinal: int | None = None
    addresses: tuple[str, ...] = ()
    is_running: bool = False
    is_known: bool = False  # to the kubelet's status loop, so that the API has its address
    is_ready: bool = False
    is_leaving: bool = False
    is_listed: bool = field(default=False)

    @property
    def place(self) -> int:
        """Where it is among the pods of the set."""
        return -1 if self.ordinal is None else self.ordinal


class Sidecars(Protocol):
    """Who is told of pods, and may hold their readiness back."""

    def started(self, pod: Pod) -> bool:
        """A pod's containers start. Whether its readiness is up to an agent."""
        ...

    def ended(self, pod: Pod) -> None:
        """A pod's containers are gone."""
        ...


class Cluster:
    """A StatefulSet that is kept at its size while things happen to its pods."""

    def __init__(self, plan: Scenario, agenda: Agenda, note: Callable[[str], None]) -> None:
        self._plan = plan
        self._agenda = agenda
        self._note = note
        self._chance = chance_for(plan.seed, "cluster")
        self._size = plan.replicas
        self._pods: list[Pod] = []
        self._ghosts: list[Pod] = []
        self._strangers: list[Records] = []
        self._to_roll: list[int] = []
        self._is_creeping = False
        self._free: list[int] = []
        self._addresses = self._created = 0
        self._times: list[float] = [-1e9]
        self._records: list[Records] = [()]
        self.sidecars: Sidecars | None = None

    def start(self) -> None:
        """Makes the first pods, and enters what will happen to them."""
        for trouble in self._plan.in_cluster:
            if trouble.start < self._plan.turmoil:
                self._agenda.at(trouble.start, lambda what=trouble: self.happens(what))  # type: ignore[misc]  # the default binds the loop's variable
        if self._plan.is_grown:
            for ordinal in self._wanted():
                self._create(ordinal, self._chance.random())
        self._reconcile()

    @property
    def changed_at(self) -> float:
        """When the records changed last."""
        return self._times[-1]

    @property
    def changes(self) -> list[float]:
        """Each time that the records changed."""
        return self._times[1:]

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way any more."""
        return (
            not self._to_roll
            and not self._is_creeping
            and not self._ghosts
            and [pod.place for pod in self._pods] == list(self._wanted())
            and all(pod.is_ready and pod.is_listed and not pod.is_leaving for pod in self._pods)
        )

    def records(self, at: float) -> Records:
        """What the API had at that time."""
        return self._records[bisect_right(self._times, at) - 1]

    def has(self, pod: Pod) -> bool:
        """Whether the pod is one of the set now; a ghost is not."""
        return pod in self._pods

    def opened(self, pod: Pod) -> None:
        """The pod's agent let the database start."""
        self._agenda.after(self._chance.uniform(0.3, 3), lambda: self._ready(pod))

    def _wanted(self) -> range:
        return range(self._plan.start_ordinal, self._plan.start_ordinal + self._size)

    def happens(self, trouble: Trouble) -> None:
        """Lets this happen to it."""
        pods = [pod for pod in self._pods if pod.is_running and not pod.is_leaving]
        pod = pods[trouble.whom % len(pods)] if pods else None
        match trouble.kind:
            case "scale":
                may_shrink = self._plan.gate.wait_for in ("predecessors", "self")
                least = 1 if may_shrink else self._plan.replicas
                self._size = least + trouble.whom % 6
                self._note(f"scale to {self._size}")
            case "creep":
                self._creep(2 + trouble.whom // 4)
            case "roll":
                self._to_roll = [p.place for p in self._pods]
                self._note("rolling restart")
            case "kubelet":
                self._note("kubelet restarts: no pod is ready for a second")
                for each in pods:
                    self._unready(each, 1.0)
            case "stranger":
                self._visit(trouble.whom, min(trouble.end, self._plan.turmoil) - trouble.start)
            case "unready" if pod:
                self._unready(pod, trouble.end - trouble.start)
            case "delete" if pod:
                self._delete(pod)
            case "force" if pod:
                self._force(pod)
        self._reconcile()

    def _visit(self, number: int, lasts: float) -> None:
        """The service lists a pod that is not of the set, so that DNS has no name for it."""
        made = {4: f"10.0.1.{number + 1}", 6: f"fd00:1::{number + 1:x}"}
        addresses = (made[family] for family in self._plan.families)
        stranger = tuple(Endpoint(address, (address,)) for address in addresses)
        self._note(f"a pod without a name joins the service for {lasts:.1f} s")
        self._strangers.append(stranger)
        self._publish()
        self._agenda.after(lasts, lambda: self._leave(stranger))

    def _leave(self, stranger: Records) -> None:
        self._strangers.remove(stranger)
        self._publish()

    def _creep(self, times: int) -> None:
        """Makes it larger by one pod about every second, so that the list never settles."""
        self._size += 1
        self._note(f"scale to {self._size}")
        self._is_creeping = times > 1
        if self._is_creeping:
            self._agenda.after(self._chance.uniform(0.5, 1.5), lambda: self._creep(times - 1))
        self._reconcile()

    def _reconcile(self) -> None:
        """What the StatefulSet's controller does: one step at a time if it is OrderedReady."""
        by_ordinal = {pod.place: pod for pod in self._pods}
        for ordinal in self._wanted():
            pod = by_ordinal.get(ordinal)
            if pod is None:
                self._create(ordinal, self._chance.uniform(0.2, 1.6))
            if self._plan.is_ordered and (pod is None or not pod.is_ready or pod.is_leaving):
                return
        extra = [pod for pod in self._pods if pod.ordinal not in self._wanted()]
        for pod in reversed(extra):
            if not pod.is_leaving:
                self._delete(pod)
            if self._plan.is_ordered:
                return
        if all(pod.is_ready and not pod.is_leaving for pod in self._pods):
            while self._to_roll:
                ordinal = self._to_roll.pop()
                if ordinal in by_ordinal:
                    self._delete(by_ordinal[ordinal])
                    break

    def _create(self, ordinal: int, delay: float) -> None:
        self._created += 1
        name = f"db-5b{self._created}f" if self._plan.is_deployment else f"db-{ordinal}"
        pod = Pod(name, ordinal)
        self._pods.append(pod)
        self._pods.sort(key=lambda each: each.place)
        self._agenda.after(delay, lambda: self._start(pod))

    def _start(self, pod: Pod) -> None:
        if pod not in self._pods or pod.is_leaving:
            return
        pod.addresses, pod.is_running = self._take_address(), True
        self._note(f"{pod.name} starts with {' '.join(pod.addresses)}")
        is_held = self.sidecars is not None and self.sidecars.started(pod)
        if not is_held:
            self.opened(pod)
        self._agenda.after(self._chance.uniform(0.01, 1), lambda: self._known(pod))

    def _take_address(self) -> tuple[str, ...]:
        """A new address, or one that a pod which is gone had."""
        if self._free and self._chance.random() < 0.3:
            number = self._free.pop(self._chance.randrange(len(self._free)))
        else:
            self._addresses += 1
            number = self._addresses * 37 % 251  # so that a newer one is not always the higher
        made = {4: f"10.0.0.{number}", 6: f"fd00::{number:x}"}
        return tuple(made[family] for family in self._plan.families)

    def _known(self, pod: Pod) -> None:
        pod.is_known = True
        self._publish()

    def _ready(self, pod: Pod) -> None:
        if pod.is_running and not pod.is_leaving and not pod.is_ready:
            pod.is_ready = pod.is_known = True
            self._note(f"{pod.name} is ready")
            self._publish()
            self._reconcile()

    def _unready(self, pod: Pod, lasts: float) -> None:
        if not pod.is_ready:
            return
        pod.is_ready = False
        self._note(f"{pod.name} is not ready for {lasts:.1f} s")
        self._publish()
        self._agenda.after(lasts, lambda: self._ready(pod))

    def _delete(self, pod: Pod) -> None:
        """In good order: it is asked to leave, and gone some seconds later."""
        self._note(f"{pod.name} is deleted")
        pod.is_leaving = True
        self._publish()
        self._agenda.after(self._chance.uniform(0.1, 4), lambda: self._gone(pod))

    def _gone(self, pod: Pod) -> None:
        if pod not in self._pods:
            return
        self._pods.remove(pod)
        self._end(pod)
        self._reconcile()

    def _force(self, pod: Pod) -> None:
        """By force: the API forgets it, its record lingers, and its container runs on."""
        self._note(f"{pod.name} is deleted by force")
        self._pods.remove(pod)
        self._ghosts.append(pod)
        self._agenda.after(self._chance.uniform(0, 4), lambda: self._forget(pod))
        self._agenda.after(self._chance.uniform(4, 20), lambda: self._end(pod))
        self._reconcile()

    def _forget(self, pod: Pod) -> None:
        self._ghosts.remove(pod)
        self._publish()

    def _end(self, pod: Pod) -> None:
        pod.is_running = pod.is_ready = False
        if pod.addresses:
            self._free.append(
                int(pod.addresses[0].rpartition(":")[2] or "0", 16)
                if ":" in pod.addresses[0]
                else int(pod.addresses[0].rpartition(".")[2])
            )
        self._note(f"{pod.name} with {' '.join(pod.addresses)} has ended")
        if self.sidecars is not None:
            self.sidecars.ended(pod)
        self._publish()

    def _publish(self) -> None:
        """Brings the service's records to what the pods are."""
        endpoints: dict[str, tuple[str, ...]] = {}
        for pod in (*self._ghosts, *self._pods):
            is_served = self._plan.publishes_not_ready or (pod.is_ready and not pod.is_leaving)
            pod.is_listed = pod.is_running and pod.is_known and is_served
            if pod.is_listed and self._plan.is_deployment:
                endpoints |= {address: (address,) for address in pod.addresses}
            elif pod.is_listed:
                name = SERVICE.pod(pod.name)
                endpoints[name] = (*endpoints.get(name, ()), *pod.addresses)
        records = tuple(Endpoint(name, endpoints[name]) for name in sorted(endpoints))
        records += tuple(dict.fromkeys(e for stranger in self._strangers for e in stranger))
        if records != self._records[-1]:
            self._times.append(self._agenda.now)
            self._records.append(records)
            listed = ", ".join(f"{Peer(e.fqdn).name} {'+'.join(e.addresses)}" for e in records)
            self._note(f"the service has: {listed or 'nobody'}")
