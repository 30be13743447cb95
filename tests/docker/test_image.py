"""The image as it is run: by anybody, without a privilege, a shell or a network."""

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from agent import __version__
from agent.cli import COMMANDS
from agent.formats import names as format_names
from agent.settings import Said, load
from tests.docker.fleet import Fleet
from tests.docker.restricted import (
    ANYBODY,
    FOLDER,
    IN_THE_GROUP,
    TOLD,
    python,
    run,
    running,
    volume,
)
from tests.support.recipe import base_image
from tests.support.until import until

ROOT = Path(__file__).parents[2]
# Seconds. For what takes far less on an idle machine.
SOON = 60.0
FILE = f"{FOLDER}/peers.json"
OUTPUT = f"--output=json:{FILE}"
SCRATCH = f"--tmpfs={FOLDER}:mode=1777"
# In nanoseconds, as Docker counts.
S = 1_000_000_000
# Prints the paths of which a condition is true, but those that Docker puts into every container.
WALK = """
import os
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = {{*folders}} - {{"dev", "proc", "sys"}}
    for path in (os.path.join(folder, name) for name in folders + files):
        if {condition} and not os.path.islink(path):
            print(path)
"""


@pytest.fixture(scope="module")
def config(engine: docker.DockerClient, image: str) -> dict[str, Any]:
    """What the image says of itself."""
    return dict(engine.images.get(image).attrs["Config"])


def health(container: Container) -> dict[str, Any]:
    """What Docker says of its health by now."""
    container.reload()
    return dict(container.attrs["State"]["Health"])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_starts(image: str, command: str) -> None:
    helped = run(image, command, "--help")
    assert helped.returncode == 0, helped.stderr
    assert "usage" in helped.stdout.lower()


def test_it_says_which_version_it_is(image: str) -> None:
    assert run(image, "--version").stdout == f"rollcall {__version__}\n"


def test_it_lists_every_format(image: str) -> None:
    listed = run(image, "formats").stdout
    assert {line.split()[0] for line in listed.splitlines() if line.strip()} >= {*format_names()}


def test_it_renders_what_it_renders_anywhere(image: str) -> None:
    page = (ROOT / "docs/roll.md").read_text()
    (roll,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    command = ["render", "--format=galera"]
    here = subprocess.run(
        [sys.executable, "-m", "agent", *command],
        input=roll,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run(image, *command, stdin=roll).stdout == here.stdout


def test_once_writes_a_file_that_is_its_users_and_that_anybody_may_read(
    image: str, engine: docker.DockerClient
) -> None:
    with volume(engine) as peers:
        once = run(image, "once", *TOLD, OUTPUT, options=(*IN_THE_GROUP, peers))
        assert once.returncode == 0, once.stderr
        about = f"import os; s = os.stat({FILE!r}); print(oct(s.st_mode), s.st_uid, s.st_gid)"
        assert python(image, about, options=(ANYBODY, peers)) == "0o100644 12345 65532"


def test_a_volume_that_was_the_images_folder_is_its_groups_to_write_and_nobody_elses(
    image: str, engine: docker.DockerClient
) -> None:
    with volume(engine) as peers:
        once = run(image, "once", *TOLD, OUTPUT, options=(ANYBODY, peers))
        assert once.returncode == 2
        assert f"{FOLDER} is not writable for user 12345" in once.stderr
        once = run(image, "once", *TOLD, OUTPUT, options=(peers,))
        assert once.returncode == 0, once.stderr


def test_a_wrong_setting_ends_it_with_2(image: str) -> None:
    wrong = run(image, options=(ANYBODY, "--env=ROLLCALL_WRONG=1"))
    assert (wrong.returncode, "ROLLCALL_WRONG" in wrong.stderr) == (2, True)


def test_a_gate_that_does_not_open_ends_it_with_3(image: str) -> None:
    late = ("--wait-for=3", "--wait-timeout=100ms")
    once = run(image, "once", *TOLD, OUTPUT, *late, options=(ANYBODY, SCRATCH))
    assert (once.returncode, "2 of 3 members" in once.stderr) == (3, True)


def test_it_becomes_healthy(image: str, engine: docker.DockerClient) -> None:
    options = (ANYBODY, SCRATCH, "--health-interval=100ms")
    with running(engine, image, "run", *TOLD, OUTPUT, options=options) as container:
        until(lambda: health(container)["Status"] == "healthy", SOON, "the image is healthy")
        asked = container.exec_run(["rollcall", "healthcheck"])
        assert asked.exit_code == 0, asked.output


def test_it_ends_with_0_within_a_second_of_sigterm(image: str, engine: docker.DockerClient) -> None:
    took = list[float]()
    for _ in range(3):  # the best counts: the machine, and Docker, may do something else meanwhile
        with running(engine, image, "run", *TOLD, OUTPUT, options=(ANYBODY, SCRATCH)) as container:
            until(lambda: b'"ready"' in container.logs(), SOON, "its gate is open")  # waits
            began = time.monotonic()
            container.kill("SIGTERM")
            assert container.wait()["StatusCode"] == 0
            took.append(time.monotonic() - began)
    assert min(took) < 1


def test_an_agent_whose_peers_are_not_there_yet_is_not_called_unhealthy(
    image: str, engine: docker.DockerClient
) -> None:
    options = (ANYBODY, SCRATCH, "--health-interval=10ms", "--health-retries=1")
    waiting = ("once", *TOLD, OUTPUT, "--wait-for=3")
    with running(engine, image, *waiting, options=options) as container:
        checks = until(lambda: health(container)["Log"][2:], SOON, "it was asked three times")
        assert {check["ExitCode"] for check in checks} == {1}
        assert health(container)["Status"] == "starting"


def test_it_may_wait_for_its_peers_as_long_as_it_does_by_default(config: dict[str, Any]) -> None:
    check = config["Healthcheck"]
    assert check["StartPeriod"] > load(Said({}, {"POD_NAME": "db-0"})).settings.wait_timeout * S
    assert check["Test"] == ["CMD", "rollcall", "healthcheck"]


def test_it_is_started_without_a_shell_by_a_user_with_a_number(config: dict[str, Any]) -> None:
    assert (config["Entrypoint"], config["Cmd"]) == (["rollcall"], ["run"])
    assert config["User"] == "65532:65532"


def test_only_the_folder_for_files_is_not_roots_and_may_be_written(
    image: str, engine: docker.DockerClient
) -> None:
    def added(user: str, condition: str) -> set[str]:
        """What the image has and its base has not, of all paths that are so for this user."""
        options = (f"--user={user}", "--read-only=false")
        source = WALK.format(condition=condition)
        having, without = (
            {*python(each, source, options=options).splitlines()}
            for each in (image, base_image(engine))
        )
        return having - without

    assert added("12345:0", "os.access(path, os.W_OK)") == set()
    assert added("65532:65532", "os.access(path, os.W_OK)") == {FOLDER}
    assert added("0:0", "os.lstat(path).st_uid or os.lstat(path).st_gid") == {FOLDER}
    assert added("12345:12345", "not os.access(path, os.R_OK)") == set()
    assert python(image, f"import os; print(oct(os.stat({FOLDER!r}).st_mode))") == "0o42775"


# What a hook leaves behind when it ends: a process that ends when it has lost its parent.
ORPHAN = f"""
import os, sys
parent = os.getpid()
if not os.fork():
    os.setsid()
    while os.getppid() == parent: pass
    with open("{FOLDER}/orphan.new", "w") as file: print(os.getpid(), os.getppid(), file=file)
    os.rename("{FOLDER}/orphan.new", "{FOLDER}/orphan")
"""


def test_what_a_hook_left_behind_is_buried_by_the_agent_as_the_first_process(fleet: Fleet) -> None:
    fleet.upstream()
    hook = f"exec:{shlex.join(['python3', '-c', ORPHAN])}"
    databases = [fleet.database(f"db-{n}") for n in range(2)]
    agent = fleet.agent("db-0", "--interval=100ms", "--replicas=3", f"--notify={hook}")
    agent.locates({f"db-{n}": [host.address] for n, host in enumerate(databases)})
    fleet.database("db-2")
    left = until(lambda: agent.read(f"{FOLDER}/orphan"), SOON, "the hook leaves a process behind")
    orphan, parent = (left or b"").decode().split()
    assert parent == "1"
    until(lambda: orphan not in agent.processes(), SOON, "it is buried")
