import pytest

from agent.core.nameservers import Nameserver, nameservers_in, parse_nameserver


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.96.0.10", "10.96.0.10", 53),
        ("10.96.0.10:5353", "10.96.0.10", 5353),
        ("fd00::a", "fd00::a", 53),
        ("[fd00::a]", "fd00::a", 53),
        ("[fd00::a]:5353", "fd00::a", 5353),
        ("fe80::1%eth0", "fe80::1%eth0", 53),
        ("[fe80::1%eth0]:5353", "fe80::1%eth0", 5353),
    ],
)
def test_a_nameserver_is_an_address_with_or_without_a_port(text: str, host: str, port: int) -> None:
    assert parse_nameserver(text) == Nameserver(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kube-dns",
        "kube-dns:53",
        "10.96.0",
        "10.96.0.10:",
        "10.96.0.10:0",
        "10.96.0.10:65536",
        "10.96.0.10:dns",
        "10.96.0.10:-1",
        "[fd00::a]5353x",
        "[10.96.0.10",
        "[fd00::a",
        "10.96.0.10: 53",
        "10.96.0.10:5_3",
        "10.96.0.10:" + "9" * 5000,
        "9" * 5000,
        "fe80::1%a..b",
        "[fe80::1%a..b]:53",
        f"fe80::1%{'a' * 64}",
        "fe80::1%\ud800",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a nameserver: write an address, as in") as refused:
        parse_nameserver(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize("text", ["10.96.0.10:53", "[fd00::a]:53", "[fe80::1%eth0]:5353"])
def test_a_nameserver_is_shown_as_it_can_be_given(text: str) -> None:
    assert str(parse_nameserver(text)) == text


def test_the_nameservers_of_a_resolv_conf_are_taken_in_its_order() -> None:
    text = "search prod.svc.cluster.local\nnameserver 10.96.0.10\n\tnameserver\tfd00::a # second\n"
    assert nameservers_in(text) == (Nameserver("10.96.0.10"), Nameserver("fd00::a"))


def test_a_link_local_nameserver_keeps_its_scope() -> None:
    assert nameservers_in("nameserver fe80::1%eth0\n") == (Nameserver("fe80::1%eth0"),)


def test_more_than_three_nameservers_are_not_asked_as_the_resolver_library_does_not() -> None:
    text = "".join(f"nameserver 10.0.0.{n}\n" for n in range(1, 6))
    assert [server.host for server in nameservers_in(text)] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


@pytest.mark.parametrize(
    "line",
    [
        "# nameserver 10.0.0.1",
        "#nameserver 10.0.0.1",
        "; nameserver 10.0.0.1",
        "nameserver",
        "nameserver kube-dns",
        "nameserver 10.0.0",
        "nameservers 10.0.0.1",
        "\x00\x01",
        "nameserver fe80::1%a..b",
        "nameserver " + "9" * 5000,
        "",
    ],
)
def test_a_line_that_names_no_nameserver_is_passed_over(line: str) -> None:
    assert nameservers_in(f"{line}\nnameserver 10.96.0.10\n") == (Nameserver("10.96.0.10"),)


def test_an_empty_resolv_conf_has_no_nameserver() -> None:
    assert nameservers_in("") == ()
