"""What happens in the lab: pods start as OrderedReady would have it, the set scales, DNS fails.

Each step changes the cluster that the lab's DNS server answers from, and then waits until the files
on disk are what membership demands of them, telling on the way what the agents did.
"""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.core.roll import Peer, Roll, Service
from agent.lab.agents import AgentPlan, Agents, Event
from agent.lab.cluster import Cluster, Pod, Port
from agent.lab.cluster import Service as LabService
from agent.lab.faults import Fault, Stale
from agent.lab.timeline import Timeline
from agent.lab.world import Nameserver

# Seconds.
PLAY_FAULT_FOR = 5.0
READY_WITHIN = 30.0
RIGHT_WITHIN = 60.0


# What agents say that is part of the story: the first one to say it in a step is heard.
_WORTH_TELLING = frozenset(
    "missing dropped returned readdressed recovered kept unlisted remark said".split()
) | {"not_published", "timed_out"}


class LabError(Exception):
    """The lab did not go as it should; the sentence says what was seen."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is to happen: so many pods first, then each of `scale`, and `fault` in the middle."""

    replicas: int
    scale: tuple[int, ...] = ()
    fault: Fault | None = None


def first_cluster(service: Service) -> Cluster:
    """The cluster before its first pod."""
    port = Port("peer", 7000)
    empty = LabService(service.name, service.namespace, pods=(), ports=(port,))
    return Cluster(service.cluster_domain, services=(empty,))


class Story:
    """Plays a script; `demanded` gives the bytes that a roll demands of a file, None for none.

    `listens` has for each pod where its agent's status is, HOST:PORT.
    """

    def __init__(
        self,
        plan: AgentPlan,
        world: Nameserver,
        demanded: Callable[[Roll], bytes | None],
        timeline: Timeline,
    ) -> None:
        self._plan = plan
        self._world = world
        self._demanded = demanded
        self._timeline = timeline
        self._pods: list[Peer] = []
        self._texts: dict[Path, str] = {}
        self._changes = [time.monotonic()]
        self._addresses_used = 0
        self._ready: set[str] = set()
        self._told: set[str] = set()
        self._views: dict[str, list[str]] = {}
        self.listens: dict[str, str] = {}
        self.agents = Agents(plan, time.monotonic)

    def play(self, script: Script) -> None:
        """Plays it all. Raises LabError as soon as anything is not as it should be."""
        self._scale(script.replicas)
        middle = len(script.scale) // 2
        for number, replicas in enumerate(script.scale):
            if script.fault and number == middle and isinstance(script.fault, Stale):
                self._play_under(script.fault, replicas)
                continue
            if script.fault and number == middle:
                self._sit_out(script.fault)
            self._scale(replicas)
        if script.fault and not script.scale:
            self._sit_out(script.fault)
        self._check()

    def _scale(self, replicas: int) -> None:
        self._step("scale", f"{len(self._pods)} -> {replicas} pods")
        while len(self._pods) < replicas:
            self._add_pod()
        while len(self._pods) > replicas:
            self._remove_pod()
        self._wait(self._is_right, RIGHT_WITHIN, "the files are what membership demands")

    def _add_pod(self) -> None:
        name = f"{self._plan.service.name}-{len(self._pods)}"
        pod = Peer(
            self._plan.service.pod(name),
            (f"127.10.{self._addresses_used // 250}.{self._addresses_used % 250 + 1}",),
        )
        self._addresses_used += 1
        self._pods.append(pod)
        self._change_dns(f"{name} at {pod.addresses[0]} is listed")
        self.agents.start(pod)
        self._wait(lambda: name in self._ready, READY_WITHIN, f"{name} is ready")

    def _remove_pod(self) -> None:
        pod = self._pods.pop()
        self._ready.discard(pod.name)
        self._views.pop(pod.name, None)
        self._texts.pop(self._plan.file(pod.name), None)
        code = self.agents.stop(pod.name)
        if code != 0:
            raise LabError(f"the agent of {pod.name} ended with {code} on SIGTERM, not with 0")
        self._change_dns(f"{pod.name} is gone")

    def _change_dns(self, what: str) -> None:
        pods = tuple(Pod(pod.name, pod.addresses) for pod in self._pods)
        service = self._plan.service
        cluster = self._world.cluster.with_pods(service.namespace, service.name, pods)
        self._world.set(cluster, time.time())
        self._changes.append(time.monotonic())
        self._timeline.tell("dns", "", what)

    def _step(self, what: str, text: str) -> None:
        self._told.clear()
        self._timeline.tell(what, "", text)

    def _sit_out(self, fault: Fault) -> None:
        """Plays a fault for a while, in which no file may change."""
        before = self._stamps()
        self._step("fault", f"{fault.name}: {_first_sentence(fault)}")
        self._world.play(fault, time.time())
        over = time.monotonic() + PLAY_FAULT_FOR
        self._wait(lambda: time.monotonic() >= over, PLAY_FAULT_FOR * 2, "the fault is over")
        self._world.clear()
        if self._stamps() != before:
            raise LabError(f"a file was replaced during the fault {fault.name}")
        kept = f"{len(before)} files are as they were, after {PLAY_FAULT_FOR:.0f} s of {fault.name}"
        self._timeline.tell("kept", "", kept)

    def _play_under(self, fault: Fault, replicas: int) -> None:
        """Plays a fault while the set scales: the files follow late, and never wrongly."""
        self._step("fault", f"{fault.name}: {_first_sentence(fault)}")
        self._world.play(fault, time.time())
        self._scale(replicas)
        self._world.clear()

    def _check(self) -> None:
        """Compares every file with what membership demands."""
        wrong = [pod.name for pod in self._pods if not self._is_file_right(pod)]
        if wrong:
            raise LabError(f"not what membership demands: the files of {', '.join(wrong)}")
        files = f"{len(self._pods)} of {len(self._pods)} files"
        self._timeline.tell("check", "", f"{files} on disk are what membership demands")

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        files = [self._plan.file(pod.name) for pod in self._pods]
        return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}

    def _is_right(self) -> bool:
        """Whether every agent knows all pods, and its file is right and was told of."""
        names = [pod.name for pod in self._pods]
        return all(
            self._views.get(pod.name) == names
            and self._is_file_right(pod)
            and self._texts.get(file := self._plan.file(pod.name)) == file.read_text("utf-8")
            for pod in self._pods
        )

    def _is_file_right(self, pod: Peer) -> bool:
        roll = Roll(self._plan.service, pod, tuple(self._pods))
        file = self._plan.file(pod.name)
        return file.exists() and file.read_bytes() == self._demanded(roll)

    def _wait(self, is_met: Callable[[], bool], within: float, what: str) -> None:
        """Tells events until a condition is met. Raises LabError at the deadline."""
        deadline = time.monotonic() + within
        while not is_met():
            if ended := self.agents.ended():
                pod, code = next(iter(ended.items()))
                raise LabError(f"the agent of {pod} ended by itself, with {code}")
            if time.monotonic() > deadline:
                raise LabError(f"not within {within:.0f} s: {what}")
            self.tell_events(0.02)
        self.tell_events(0)

    def tell_events(self, wait_for: float) -> None:
        """Tells what the agents said until now, waiting for the first for so many seconds."""
        try:
            self._tell_event(self.agents.events.get(timeout=wait_for) if wait_for else self._next())
            while True:
                self._tell_event(self._next())
        except queue.Empty:
            return

    def _next(self) -> Event:
        return self.agents.events.get_nowait()

    def _tell_event(self, event: Event) -> None:
        match event.kind:
            case "published":
                file = Path(str(event.fields["path"]))
                text = file.read_text(encoding="utf-8") if file.exists() else ""
                after = event.at - max(at for at in self._changes if at <= event.at)
                self._timeline.tell_file(event.pod, after, self._texts.get(file, ""), text)
                self._texts[file] = text
            case "members":
                self._views[event.pod] = list(event.fields["peers"])
            case "listening":
                self.listens[event.pod] = str(event.fields["at"])
            case "ready":
                self._ready.add(event.pod)
            case kind if kind in _WORTH_TELLING and event.sentence not in self._told:
                self._told.add(event.sentence)
                self._timeline.tell("said", event.pod, event.sentence)


def _first_sentence(fault: Fault) -> str:
    return (fault.__doc__ or "").partition("\n")[0]
