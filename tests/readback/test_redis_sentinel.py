from __future__ import annotations

import pytest

from tests.formats.rolls import ALL_NAMES, THREE, render
from tests.readback.programs import Programs

FILE = "/peers/sentinel.conf"
OWN = {FILE: render("redis-sentinel", THREE)}
HOSTS = {name: f"10.0.0.{n + 1}" for n, name in enumerate(ALL_NAMES)}
# A folder of its own with the file in it, as a volume of a pod has.
TAKE = f"mkdir /tmp/own && cp {FILE} /tmp/own/ && "
ANSWERED = "until redis-cli -p 26379 ping; do :; done >/dev/null 2>&1"
START = f"{{ redis-sentinel /tmp/own/sentinel.conf >/tmp/said & }}; {ANSWERED}"
END = "kill $!; wait $! || true"
MASTER = "redis-cli -p 26379 --raw sentinel masters"


def fields(said: str) -> dict[str, str]:
    """What redis-cli says of one master, line by line a key and its value."""
    lines = said.splitlines()
    return dict(zip(lines[::2], lines[1::2], strict=True))


def test_sentinel_watches_the_first_pod_by_its_name(programs: Programs) -> None:
    script = f"set -e; {TAKE}{START}; {MASTER}"
    ran = programs.run(["bash", "-c", script], OWN, user="redis", hosts=HOSTS)
    master = fields(ran.out)
    assert (master["name"], master["ip"], master["port"]) == ("mymaster", ALL_NAMES[0], "6379")
    assert (master["quorum"], master["down-after-milliseconds"]) == ("2", "30000")
    assert "master" in master["flags"].split(",")


def test_sentinel_announces_this_pod_by_its_name(programs: Programs) -> None:
    script = f"set -e; {TAKE}{START}; redis-cli -p 26379 --raw sentinel config get '*'"
    ran = programs.run(["bash", "-c", script], OWN, user="redis", hosts=HOSTS)
    told = fields(ran.out)
    assert told["announce-ip"] == ALL_NAMES[1]
    assert told["resolve-hostnames"] == told["announce-hostnames"] == "yes"


def test_sentinel_starts_again_from_what_it_made_of_the_file(programs: Programs) -> None:
    once = f"{START}; redis-cli -p 26379 --raw sentinel myid; {END}"
    script = f"set -e; {TAKE}{once}; {once}; cat /tmp/own/sentinel.conf"
    ran = programs.run(["bash", "-c", script], OWN, user="redis", hosts=HOSTS)
    first, second, *saved = ran.out.splitlines()
    assert first == second
    assert f"sentinel monitor mymaster {ALL_NAMES[0]} 6379 2" in saved
    assert f"sentinel myid {first}" in saved


@pytest.mark.parametrize("master", ["10.0.0.9", "fd00::9", "redis-0.redis"])
def test_a_master_can_be_named_by_a_person(programs: Programs, master: str) -> None:
    given = {FILE: render("redis-sentinel", THREE, {"master": master})}
    script = f"set -e; {TAKE}{START}; {MASTER}"
    hosts = {"redis-0.redis": "10.0.0.9"}
    ran = programs.run(["bash", "-c", script], given, user="redis", hosts=hosts)
    assert fields(ran.out)["ip"] == master


def test_a_name_that_does_not_resolve_yet_is_no_end(programs: Programs) -> None:
    script = f"set -e; {TAKE}{START}; {MASTER}; cat /tmp/said >&2"
    ran = programs.run(["bash", "-c", script], OWN, user="redis")
    assert fields(ran.out)["name"] == "mymaster"
    assert f"Failed to resolve hostname '{ALL_NAMES[0]}'" in ran.err


def test_a_password_comes_from_a_file_of_its_own(programs: Programs) -> None:
    secret = {"/secret": b"sentinel auth-pass mymaster hush\nrequirepass hush\n"}
    start = START.replace("sentinel.conf >", "sentinel.conf --include /secret >")
    script = f"set -e; export REDISCLI_AUTH=hush; {TAKE}{start}; {MASTER}"
    ran = programs.run(["bash", "-c", script], OWN | secret, user="redis", hosts=HOSTS)
    assert fields(ran.out)["name"] == "mymaster"


def test_a_file_of_another_user_has_to_be_writable_for_its_group(programs: Programs) -> None:
    """What the wiring asks for: an fsGroup, which makes the volume's folder so, and mode 0664."""
    take = f"install -d -g redis -m 2775 /tmp/own; install -g redis -m 0664 {FILE} /tmp/own/"
    as_redis = "setpriv --reuid=redis --regid=redis --clear-groups redis-sentinel"
    start = START.replace("redis-sentinel", as_redis, 1)
    script = f"set -e; {take}; {start}; {MASTER}; stat -c '%U %a' /tmp/own/sentinel.conf >&2"
    ran = programs.run(["bash", "-c", script], OWN, hosts=HOSTS)
    assert fields(ran.out)["name"] == "mymaster"
    assert ran.err == "redis 644\n"


def test_sentinel_refuses_a_file_that_it_can_t_write(programs: Programs) -> None:
    ran = programs.run(["redis-sentinel", FILE], OWN, user="redis", hosts=HOSTS)
    assert ran.code == 1
    assert f"Sentinel config file {FILE} is not writable" in ran.out


def test_sentinel_only_warns_where_it_can_t_write_into_the_folder(programs: Programs) -> None:
    script = f"set -e; {TAKE}chmod 500 /tmp/own; {START}; {MASTER}; cat /tmp/said >&2"
    ran = programs.run(["bash", "-c", script], OWN, user="redis", hosts=HOSTS)
    assert fields(ran.out)["name"] == "mymaster"
    assert "Sentinel was not able to save the new configuration on disk" in ran.err
