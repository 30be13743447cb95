"""The lab's pods: real `rollcall run` processes, and what they say.

Each process gets flags and a config file with its output, and speaks in JSON lines on stderr, which
a thread puts into one queue with the time of arrival.
"""

import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.core.roll import Peer, Service

# Seconds. An agent ends in well under one; whatever does not is killed.
_END_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that an agent said: its pod, when that arrived (clock seconds), and the fields."""

    pod: str
    at: float
    fields: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What kind of event it is, as in the agent's log; `said` for a line that is no event."""
        return str(self.fields.get("kind", "said"))

    @property
    def sentence(self) -> str:
        """What it says to a person."""
        return str(self.fields.get("event", ""))


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """What all agents of a lab share. `times` are flags such as `--interval=250ms`.

    `output` is one of the config file's outputs, without its path.
    """

    service: Service
    nameserver: str
    output: Mapping[str, Any]
    file_name: str
    folder: Path
    times: Sequence[str]
    environment: Mapping[str, str]

    def file(self, pod: str) -> Path:
        """The file that a pod's agent keeps."""
        return self.folder / pod / self.file_name


class Agents:
    """The processes, by pod. `close` ends them all."""

    def __init__(self, plan: AgentPlan, clock: Callable[[], float]) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._plan = plan
        self._clock = clock
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self, pod: Peer) -> None:
        """Starts the agent of a pod."""
        plan = self._plan
        file = plan.file(pod.name)
        shutil.rmtree(file.parent, ignore_errors=True)  # a new pod has a new emptyDir
        file.parent.mkdir()
        config = file.parent / ".lab.yaml"  # JSON is YAML too
        config.write_text(json.dumps({"outputs": [{**plan.output, "path": str(file)}]}))
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "agent", "run"),  # -P: not what lies in this folder
                f"--pod-name={pod.name}",
                f"--service={plan.service.name}",
                f"--namespace={plan.service.namespace}",
                f"--cluster-domain={plan.service.cluster_domain}",
                *(f"--pod-ip={address}" for address in pod.addresses),
                f"--nameserver={plan.nameserver}",
                f"--config={config}",
                "--status-listen=127.0.0.1:0",  # any port that is free
                "--log-format=json",
                *plan.times,
            ],
            env=dict(plan.environment),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the lab, which then ends them in its own order
        )
        self._running[pod.name] = process
        threading.Thread(target=self._listen, args=(pod.name, process), daemon=True).start()

    def stop(self, pod: str) -> int:
        """Ends a pod's agent as the kubelet would, and gives its exit code."""
        process = self._running.pop(pod)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def ended(self) -> dict[str, int]:
        """The pods whose agents ended by themselves, with their exit codes."""
        codes = {pod: process.poll() for pod, process in self._running.items()}
        return {pod: code for pod, code in codes.items() if code is not None}

    def close(self) -> None:
        """Ends all that still run."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for pod in list(self._running):
            self.stop(pod)

    def _listen(self, pod: str, process: subprocess.Popen[str]) -> None:
        for line in process.stderr or ():
            try:
                fields = json.loads(line)
            except ValueError:
                fields = {"event": line.rstrip()}
            self.events.put(Event(pod, self._clock(), fields))
