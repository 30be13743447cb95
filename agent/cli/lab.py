"""`rollcall lab`: a cluster on this machine, with real agents and a DNS server of its own."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import formats
from agent.cli.ending import Failed, Wrong
from agent.cli.signals import Signals, Stopped
from agent.core.roll import Roll, Service
from agent.settings import PREFIX

if TYPE_CHECKING:
    from agent.lab.story import Script

# So many agents start and poll in time on a small machine.
MOST = 30
_SERVICE = Service("db", "lab", "cluster.local")
# Quick, so that there is something to watch: a real pod has 1s, 1s and 30s.
_TIMES = ("--interval=250ms", "--settle=500ms", "--forget-after=3s", "--timeout=1s")


@click.command()
@click.option(
    "--replicas",
    default=3,
    show_default=True,
    type=click.IntRange(1, MOST),
    metavar="N",
    help="how many pods to begin with",
)
@click.option("--scale", default="", metavar="N,N", help="then scale to these, one after the other")
@click.option(
    "--output",
    default="cassandra",
    show_default=True,
    metavar="FORMAT",
    help="what each pod's agent writes",
)
@click.option(
    "--fault",
    metavar="FAULT",
    help="servfail, timeout, empty, truncate or stale=TIME, before the last --scale",
)
@click.option("--keep", is_flag=True, help="stay up afterwards, until Ctrl-C")
def lab(replicas: int, scale: str, output: str, fault: str | None, keep: bool) -> None:
    """Run a demo cluster on this machine.

    Needs no Kubernetes: starts a DNS server that answers as Kubernetes does, and one real
    `rollcall run` for each pod; scales the set, plays a DNS fault, and compares the files on disk
    with what they should be. Ends with 1 if one differs, with 130 if it was stopped before that.
    """
    from agent.lab.faults import FaultError, parse  # noqa: PLC0415  # the agent never needs a lab
    from agent.lab.story import LabError, Script  # noqa: PLC0415  # as above

    try:
        form = formats.load(output)
        played = parse(fault) if fault else None
        script = Script(replicas, tuple(_pods(word) for word in scale.split(",") if word), played)
    except (formats.FormatError, FaultError) as wrong:
        raise Wrong(str(wrong)) from None
    signals = Signals()
    folder = Path(tempfile.mkdtemp(prefix="rollcall-lab-"))
    try:
        with signals.interruptible():
            _play(script, form, folder, keep)
        if keep:
            click.echo("cleaned up")
    except LabError as wrong:
        raise Failed(str(wrong)) from None
    except Stopped:
        click.echo("cleaned up")
        sys.exit(130)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play(script: "Script", form: formats.Format, folder: Path, keep: bool) -> None:
    from agent.lab.agents import AgentPlan  # noqa: PLC0415  # as above
    from agent.lab.server import DnsServer  # noqa: PLC0415  # as above
    from agent.lab.story import Story, first_cluster  # noqa: PLC0415  # as above
    from agent.lab.timeline import Timeline  # noqa: PLC0415  # as above
    from agent.lab.world import Nameserver  # noqa: PLC0415  # as above

    timeline = Timeline(click.echo, f".{_SERVICE.fqdn}")
    world = Nameserver(first_cluster(_SERVICE), 0.0)
    with DnsServer(world.respond) as server:
        nameserver = f"{server.host}:{server.port}"
        plan = AgentPlan(
            service=_SERVICE,
            nameserver=nameserver,
            output=_output(form),
            file_name=form.header.file,
            folder=folder,
            times=(*_TIMES, *_size(form, script)),
            environment={k: v for k, v in os.environ.items() if not k.startswith(PREFIX)},
        )
        until = "until Ctrl-C" if keep else "until the end"
        click.echo(f"DNS for {_SERVICE.fqdn} is at {nameserver}")
        click.echo(f"the files are in {folder} {until}")
        click.echo(f"each agent runs with {' '.join(_TIMES)}")
        click.echo(f"below, .{_SERVICE.fqdn} is left out, and repeated messages are shown once\n")
        story = Story(plan, world, _demanded(form, script), timeline)
        try:
            story.play(script)
            if keep:
                first = f"{_SERVICE.name}-0"
                _tell_how_to_look(plan.file(first), story.listens[first], nameserver)
                with contextlib.suppress(Stopped):
                    while True:
                        story.tell_events(1.0)
        finally:
            story.agents.close()


def _tell_how_to_look(file: Path, status: str, nameserver: str) -> None:
    click.echo(
        f"\nStill running, until Ctrl-C. Look around:\n  cat {file}\n"
        f"  curl http://{status}/v1/status\n"
        f"  {sys.argv[0]} status --status-listen {status}\n"
        f"  {sys.argv[0]} peers --pod-name db-0 --service {_SERVICE.name} "
        f"--namespace {_SERVICE.namespace} --cluster-domain {_SERVICE.cluster_domain} "
        f"--nameserver {nameserver}\n"
    )


def _output(form: formats.Format) -> Mapping[str, Any]:
    """The output as in a config file. No database runs here, so nobody is asked who answers."""
    asks = form.selection is not None and form.selection.source == "answering"
    source = {"from": "discovered"} if asks else {}
    return {"format": form.name, "vars": form.header.examples, **source}


def _size(form: formats.Format, script: "Script") -> list[str]:
    """How large agents are told that the set will be at most, where files name who is to be."""
    expects = form.selection is not None and form.selection.source == "expected"
    return [f"--replicas={_most(script)}"] if expects else []


def _most(script: "Script") -> int:
    return max((script.replicas, *script.scale))


def _demanded(form: formats.Format, script: "Script") -> Callable[[Roll], bytes | None]:
    recipe = formats.Recipe(form, form.header.examples)
    replicas = _most(script) if _size(form, script) else None

    def demanded(roll: Roll) -> bytes | None:
        content = formats.render(recipe, replace(roll, replicas=replicas))
        return content if isinstance(content, bytes) else None

    return demanded


def _pods(word: str) -> int:
    if word.strip() not in {str(number) for number in range(1, MOST + 1)}:
        raise Wrong(f"--scale {word!r} is not a number of pods from 1 to {MOST}")
    return int(word)
