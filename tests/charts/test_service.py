"""The headless service: what it is called, whom it selects, what it has besides."""

from __future__ import annotations

import pytest

from tests.charts.helm import Charts, Install, Yaml, of_kind

JSON = {"format": "json", "path": "/peers/peers.json"}
LEAST: Yaml = {"rollcall": {"settings": {"outputs": [JSON]}}}
FOLLOWER: Yaml = {"settings": {"member": False, "service": "db", "outputs": [JSON]}}


def services(charts: Charts, *words: str, **values: Yaml) -> list[Yaml]:
    """Those of the harness, with these values besides the least, and words such as --set."""
    return of_kind(charts.objects("harness", Install({**LEAST, **values}, words)), "Service")


def test_it_is_called_as_the_settings_have_it(charts: Charts) -> None:
    (service,) = services(charts, "--set=rollcall.settings.service=x")
    assert service["metadata"] == {"name": "x"}


def test_the_chart_can_say_all_that_is_not_as_usual(charts: Charts) -> None:
    labelled = {"labels": {"team": "db"}, "annotations": {"example.com/asked": "yes"}}
    ports = [{"name": "cql", "port": 9042}]
    more = {"name": "y", "selector": {"app": "y"}, "ports": ports, **labelled}
    (service,) = services(charts, more=more)
    assert service["metadata"] == {"name": "y", **labelled}
    assert service["spec"]["selector"] == {"app": "y"}
    assert service["spec"]["ports"] == ports


def test_it_has_a_port_so_that_dns_has_srv_records(charts: Charts) -> None:
    (service,) = services(charts, "--set=rollcall.settings.status.listen=:1234")
    assert service["spec"]["ports"] == [{"name": "rollcall", "port": 1234}]


def test_a_second_use_has_one_of_its_own(charts: Charts) -> None:
    found = services(charts, proxy={"enabled": True, **FOLLOWER})
    assert sorted(each["metadata"]["name"] for each in found) == ["db", "proxy"]


def test_who_follows_the_members_of_others_has_to_give_a_name(charts: Charts) -> None:
    why = charts.refusal("harness", Install({**LEAST, "cases": {"c": FOLLOWER}}))
    assert "settings.member is false, so settings.service is the service of others" in why


@pytest.mark.parametrize(("words", "name"), [((), "harness"), (("--set=nameOverride=x",), "x")])
def test_it_selects_pods_as_helm_create_labels_them(
    charts: Charts, words: tuple[str, ...], name: str
) -> None:
    (service,) = services(charts, *words)
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": "db"}
    assert service["spec"]["selector"] == labels
