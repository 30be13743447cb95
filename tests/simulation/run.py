"""One run of one seed: turmoil, then quiet, and what was written down on the way."""

from dataclasses import dataclass, field

from tests.simulation.agenda import Agenda, chance_for
from tests.simulation.agents import POINTS, Agent, Disk, Surroundings
from tests.simulation.dns import Dns
from tests.simulation.scenario import Scenario, Serials, Trouble, scenario_of
from tests.simulation.world import Cluster, Pod, Records

LONGEST_WAIT = 900.0
HOPELESS_WAIT = 60.0  # and for gates that may rightly stay shut
LATENCY = 0.1  # more than what a few answers of a healthy DNS take together, in seconds


@dataclass(slots=True)
class Outcome:
    """All that happened, for the properties and for the timeline.

    `known_by`: when all of DNS knows the records as they are in the end; `quiet_for`: for how long
    it has, in seconds.
    """

    plan: Scenario
    disks: list[Disk] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    records: Records = ()
    alive: dict[str, tuple[Disk, Pod]] = field(default_factory=dict)
    still_from: float | None = None
    true_from: float = 0.0
    known_by: float = 0.0
    quiet_for: float = 0.0


class Run:
    """The cluster, its DNS and its agents, put together."""

    def __init__(self, plan: Scenario) -> None:
        self.outcome = Outcome(plan)
        self._plan = plan
        self._agenda = Agenda()
        self._cluster = Cluster(plan, self._agenda, self._note)
        self._dns = Dns(plan, self._agenda, self._cluster)
        self._cluster.sidecars = self
        self._agents: list[Agent] = []
        self._volumes: dict[str, Disk] = {}
        self._chance = chance_for(plan.seed, "agents")
        self._around = Surroundings(
            plan, self._agenda, self._dns, self._cluster.opened, self._chance
        )

    def play(self) -> Outcome:
        """Plays the whole run."""
        plan, agenda = self._plan, self._agenda
        self._cluster.start()
        if plan.has_observer:
            agenda.at(plan.turmoil / 7, self._watch)
        for trouble in plan.in_agents:
            if trouble.start < plan.turmoil:
                agenda.at(trouble.start, lambda what=trouble: self._happens(what))  # type: ignore[misc]  # the default binds the loop's variable
        agenda.run(plan.turmoil)
        self._heal()
        outcome = self.outcome
        is_still = self._waits_for_stillness()
        if is_still and plan.serials and not plan.is_hopeless:
            agenda.run(agenda.now + plan.serials.rest)
            self._late(plan.serials)
            is_still = self._waits_for_stillness()
        if is_still:
            rules = plan.rules
            outcome.still_from = agenda.now
            longest = plan.unasked + 2 * plan.longest_gap
            outcome.true_from = agenda.now + rules.forget_after + longest + rules.settle + LATENCY
            self._note("from here on all is still")
            agenda.run(outcome.true_from + 3 * plan.longest_gap)
        outcome.changes = self._cluster.changes
        outcome.known_by = max(plan.turmoil, self._cluster.changed_at) + plan.slowness
        outcome.quiet_for = agenda.now - outcome.known_by
        outcome.records = self._cluster.records(agenda.now)
        for agent in self._agents:
            is_there = self._cluster.has(agent.pod) or agent.pod.ordinal is None
            if is_there and not agent.is_over:
                outcome.alive[agent.pod.name] = (agent.disk, agent.pod)
        return outcome

    def _late(self, serials: Serials) -> None:
        """After a rest that only the serial was asked in, some things happen at nearly one time."""
        self._note("the rest is over")
        for trouble in serials.late:
            after = trouble.start
            self._agenda.after(after, lambda what=trouble: self._cluster.happens(what))  # type: ignore[misc]  # the default binds the loop's variable
        self._agenda.run(self._agenda.now + 2.0)

    def started(self, pod: Pod) -> bool:
        """Starts the pod's agent, if it has one."""
        if pod.ordinal not in self._plan.with_agent:
            return False
        disk = self._volumes.get(pod.name) if self._plan.has_volume else None
        if disk is None:
            disk = self._volumes[pod.name] = Disk(pod.name)
            self.outcome.disks.append(disk)
        for other in self._agents:
            if other.disk is disk:  # a volume is given to another pod only once it is free
                self._end(other)
        agent = Agent(self._around, pod, disk)
        self._agents.append(agent)
        agent.start()
        return True

    def _watch(self) -> None:
        """Starts an agent in a pod that the service does not list."""
        pod = Pod("proxy-0", addresses=("10.0.2.1",), is_running=True)
        disk = Disk(pod.name)
        self.outcome.disks.append(disk)
        agent = Agent(self._around, pod, disk)
        self._agents.append(agent)
        agent.start()

    def ended(self, pod: Pod) -> None:
        """Ends the pod's agent with it."""
        for agent in self._agents:
            if agent.pod is pod:
                self._end(agent)

    def _end(self, agent: Agent) -> None:
        agent.is_over = True
        agent.kill("the pod has ended", None)

    def _happens(self, trouble: Trouble) -> None:
        running = [agent for agent in self._agents if not agent.is_over]
        if not running:
            return
        agent = running[trouble.whom % len(running)]
        match trouble.kind:
            case "kill":
                agent.kill("killed", 0.1 + 3 * trouble.share)
            case "damage":
                agent.kill("killed", 0.1 + 3 * trouble.share)
                agent.damage(trouble.whom)
            case "reboot":
                agent.kill("the node is started again", 1 + 5 * trouble.share)
                agent.new_clock()
            case "crash":
                agent.dies_at = POINTS[trouble.whom % len(POINTS)]
            case "full":
                agent.disk.full_until = trouble.end
                self._note(f"the volume of {agent.pod.name} is full until {trouble.end:.3f}")
            case "deaf":
                agent.deaf_until = trouble.end
                self._note(f"{agent.pod.name} can't be notified until {trouble.end:.3f}")

    def _heal(self) -> None:
        self._note("all trouble ends")
        self._dns.heal()
        for agent in self._agents:
            agent.dies_at, agent.deaf_until, agent.disk.full_until = "", -1.0, -1.0

    def _waits_for_stillness(self) -> bool:
        """Lets time pass until nothing changes any more and no cache has anything old."""
        healed = self._agenda.now
        most = HOPELESS_WAIT + self._plan.slowness if self._plan.is_hopeless else LONGEST_WAIT
        while self._agenda.now < healed + most:
            changed = max(healed, self._cluster.changed_at)
            is_old = self._agenda.now >= changed + self._plan.slowness
            living = [agent for agent in self._agents if not agent.is_over]
            if self._cluster.is_settled and is_old and all(agent.is_well for agent in living):
                return True
            self._agenda.run(self._agenda.now + 0.37)
        return False

    def _note(self, sentence: str) -> None:
        self.outcome.notes.append((self._agenda.now, sentence))


def simulate(seed: int, turmoil: float | None = None) -> Outcome:
    """Plays a seed; `turmoil` (seconds) ends its troubles earlier."""
    return Run(scenario_of(seed, turmoil)).play()
