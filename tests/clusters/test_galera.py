"""Three MariaDB servers with Galera and an agent each: they form, lose members and come back."""

from __future__ import annotations

from tests.clusters.galera import EXAMPLE, MEMBERS, UP, Cluster

AGENTS = ("agent-0", "agent-1", "agent-2")
# Of the README, which says all this of db-2.
README = (EXAMPLE / "README.md").read_text()
STOP = "docker compose stop"
RECOVER = (
    "docker compose run --rm --no-deps db-2 --defaults-extra-file=/peers/peers.cnf --wsrep-recover"
)
ALLOW = (
    "docker compose run --rm --no-deps --entrypoint sed db-2 "
    "-i '/^safe/s/0/1/' /var/lib/mysql/grastate.dat"
)
AGAIN = f"""\
DB_2_ARGS=--wsrep-new-cluster {UP} --no-deps db-2
DB_2_ARGS=--wsrep-new-cluster {UP}
{UP}
"""


def uuid(cluster: Cluster) -> str:
    """That of the data, the same on all members."""
    (uuid,) = {cluster.status(member)["wsrep_cluster_state_uuid"] for member in MEMBERS}
    return uuid


def got_all_data(cluster: Cluster, member: str) -> bool:
    """Whether it was sent all of it when it last joined (SST), or only what it missed (IST)."""
    log = cluster.project.logs(member).rpartition("rsync SST started on joiner")[2]
    is_all, is_rest = (f"rsync {kind} completed on joiner" in log for kind in ("SST", "IST"))
    assert is_all is not is_rest, log
    return is_all


def founds_again(cluster: Cluster, member: str) -> None:
    """As README says, on this member; its restart afterwards is that of any other."""
    assert AGAIN in README
    cluster.project.types(AGAIN.replace("DB_2", f"DB_{member[-1]}").replace("db-2", member))
    cluster.synced(*MEMBERS)
    cluster.project.types(f"docker compose restart --no-deps {member}")
    cluster.synced(*MEMBERS)


def settings(content: str) -> dict[str, str]:
    """What a file of ours says."""
    lines = (line.partition(" = ") for line in content.splitlines() if " = " in line)
    return {name.strip(): value.strip('"') for name, _, value in lines}


def test_the_members_are_one_cluster_and_each_is_who_its_file_says(cluster: Cluster) -> None:
    for ordinal, member in enumerate(MEMBERS):
        status = cluster.status(member)
        assert status["wsrep_cluster_size"] == "3"
        assert status["wsrep_cluster_status"] == "Primary"
        assert status["wsrep_local_state_comment"] == "Synced"
        incoming = status["wsrep_incoming_addresses"].split(",")
        assert sorted(incoming) == [f"{name}:3306" for name in MEMBERS]
        has = dict(
            zip(
                ("server_id", "report_host", "wsrep_cluster_address", "wsrep_node_name"),
                cluster.sql(
                    member,
                    "SELECT @@server_id; SELECT @@report_host; SELECT @@wsrep_cluster_address; "
                    "SELECT @@wsrep_node_name",
                ),
                strict=True,
            )
        )
        said = settings(cluster.file(f"agent-{ordinal}")[1])
        assert has == {name: said[name] for name in has}
        assert has["server_id"] == str(ordinal + 1)
        assert has["wsrep_cluster_address"] == f"gcomm://{','.join(MEMBERS)}"
    assert uuid(cluster).strip("0-")


def test_a_row_that_is_written_on_one_member_is_read_on_all(cluster: Cluster) -> None:
    for row, member in enumerate(MEMBERS):
        cluster.write(member, row)
    wanted = [f"{row}\t{member}" for row, member in enumerate(MEMBERS)]
    assert [cluster.rows(member) for member in MEMBERS] == [wanted] * 3


def test_a_member_that_comes_back_elsewhere_gets_what_it_missed_and_no_other_is_touched(
    cluster: Cluster,
) -> None:
    others = MEMBERS[:2]
    files = [cluster.file(agent) for agent in AGENTS]
    pids = [cluster.project.pid(member) for member in others]

    def meanwhile() -> None:
        cluster.synced(*others)
        cluster.write("db-0", 10)

    cluster.project.move("db-2", by_force=False, meanwhile=meanwhile)
    cluster.synced(*MEMBERS)
    assert "10\tdb-0" in cluster.rows("db-2")
    assert not got_all_data(cluster, "db-2")
    assert [cluster.file(agent) for agent in AGENTS] == files
    assert [cluster.project.pid(member) for member in others] == pids


def test_a_member_that_was_killed_gets_only_what_it_missed(cluster: Cluster) -> None:
    cluster.project.end("db-1")
    cluster.synced("db-0", "db-2")
    cluster.write("db-0", 20)
    cluster.project.types(UP)
    cluster.synced(*MEMBERS)
    assert "20\tdb-0" in cluster.rows("db-1")
    assert not got_all_data(cluster, "db-1")


def test_members_that_were_all_killed_are_the_same_cluster_again_at_other_addresses(
    cluster: Cluster,
) -> None:
    before = uuid(cluster)
    rows = cluster.rows("db-0")
    cluster.project.move(*MEMBERS)
    cluster.synced(*MEMBERS)
    assert uuid(cluster) == before
    assert [cluster.rows(member) for member in MEMBERS] == [rows] * 3


def test_a_name_that_nobody_has_yet_keeps_no_member_out(cluster: Cluster) -> None:
    cluster.project.types(f"REPLICAS=4 {UP}")
    assert "gcomm://db-0,db-1,db-2,db-3" in cluster.file("agent-1")[1]
    cluster.project.types("docker compose restart --no-deps db-1")
    cluster.synced(*MEMBERS)
    assert cluster.says("db-1", "SELECT @@wsrep_cluster_address").endswith(",db-3")
    cluster.project.types(UP)
    cluster.project.types("docker compose restart --no-deps db-1")
    cluster.synced(*MEMBERS)


def test_a_first_member_that_lost_its_data_is_told_to_join_and_gets_all_of_it(
    cluster: Cluster,
) -> None:
    before = uuid(cluster)
    rows = cluster.rows("db-1")
    name = cluster.project.name
    cluster.project.types("docker compose rm --stop --force db-0 agent-0")
    cluster.project.types(f"docker volume rm {name}_data-0 {name}_peers-0")
    cluster.project.types("docker compose up -d --wait agent-0")
    said = cluster.project.types("docker compose exec -T agent-0 rollcall bootstrap --json")
    assert '"bootstrap": "join"' in said
    assert ":4567 answers" in said
    cluster.project.types(UP)
    cluster.synced(*MEMBERS)
    assert uuid(cluster) == before
    assert cluster.rows("db-0") == rows
    assert got_all_data(cluster, "db-0")


def test_members_that_were_stopped_one_after_another_are_founded_again_on_the_last_one(
    cluster: Cluster,
) -> None:
    before = uuid(cluster)
    rows = cluster.rows("db-0")
    cluster.project.end("db-0", by_force=False)
    cluster.synced("db-1", "db-2")
    cluster.project.end("db-2", by_force=False)
    cluster.synced("db-1")
    cluster.project.types("docker compose stop")
    safe = [
        cluster.project.types(
            f"docker compose run --rm --no-deps --entrypoint grep {member} "
            "safe_to_bootstrap /var/lib/mysql/grastate.dat"
        ).strip()[-1]
        for member in MEMBERS
    ]
    assert safe == ["0", "1", "0"]
    founds_again(cluster, "db-1")
    assert uuid(cluster) == before
    assert [cluster.rows(member) for member in MEMBERS] == [rows] * 3


def test_members_that_were_stopped_at_once_are_founded_again_on_the_one_with_the_newest_data(
    cluster: Cluster,
) -> None:
    assert f"    {STOP}\n    {RECOVER}\n" in README
    assert f"    {ALLOW}\n" in README
    before = uuid(cluster)
    cluster.project.end("db-0", by_force=False)
    cluster.synced("db-1", "db-2")
    cluster.write("db-1", 30)
    rows = cluster.rows("db-2")
    cluster.project.types(STOP)
    ends = {}
    for member in MEMBERS:
        said = cluster.project.types(RECOVER.replace("db-2", member))
        ends[member] = int(said.rpartition(f"Recovered position: {before}:")[2])
    newest = max(ends, key=ends.__getitem__)
    assert newest != "db-0"
    cluster.project.types(ALLOW.replace("db-2", newest))
    founds_again(cluster, newest)
    assert uuid(cluster) == before
    assert [cluster.rows(member) for member in MEMBERS] == [rows] * 3
