from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.names import (
    address_key,
    dashed_address,
    dns_label,
    dns_name,
    ip_address,
    is_address,
    split_ordinal,
)

# What may be in a name that goes into a config file as it is.
HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
hostile = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\"'`$%#;,:\n\r\t \\{}[]()\0-._aZ")
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("DB-0.Db.Prod.svc.Cluster.LOCAL", "db-0.db.prod.svc.cluster.local"),
        ("db.prod.svc.cluster.local.", "db.prod.svc.cluster.local"),
        ("_cql._tcp.db", "_cql._tcp.db"),
        ("project_db_1", "project_db_1"),
        ("3com.example", "3com.example"),
        ("a" * 63, "a" * 63),
    ],
)
def test_a_name_is_lower_case_and_has_no_final_dot(written: str, name: str) -> None:
    assert dns_name(written) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a.b..",
        "-a",
        "a-",
        "a" * 64,
        ".".join(["a" * 63] * 4),  # 255 characters
        "a b",
        "a\n",
        'a"',
        "a'b",
        "$(id)",
        "a,b",
        "käse",
        "٣",
    ],
)
def test_what_is_no_name_is_refused_by_a_sentence_that_quotes_it(text: str) -> None:
    with pytest.raises(ValueError, match="is not a DNS name") as refused:
        dns_name(text)
    assert repr(text) in str(refused.value)


def test_the_longest_name_has_253_characters() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert dns_name(longest + ".") == longest
    with pytest.raises(ValueError, match="is not a DNS name"):
        dns_name(longest + "d")


@given(hostile)
def test_no_name_holds_a_character_that_could_end_a_string_in_a_config_file(text: str) -> None:
    try:
        name = dns_name(text)
    except ValueError:
        return
    assert set(name) <= HARMLESS
    assert dns_name(name) == name


@pytest.mark.parametrize("text", ["", "a.b", "a.", "-a", "a-", "a" * 64, "a b", "a\n", "'"])
def test_a_label_is_one_part_of_a_name_only(text: str) -> None:
    assert dns_label("DB-0") == "db-0"
    with pytest.raises(ValueError, match="is not one DNS label"):
        dns_label(text)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("FD00:0:0::0:1", "fd00::1"),
        ("fd00:0000:0000:0000:0000:0000:0000:0001", "fd00::1"),
    ],
)
def test_each_address_has_one_spelling(written: str, address: str) -> None:
    assert ip_address(written) == address


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1/8", "db-0", "1", " 10.0.0.1", "::g"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(ValueError, match="is not an IP address"):
        ip_address(text)


def test_a_scoped_address_is_refused_because_it_means_nothing_to_another_pod() -> None:
    with pytest.raises(ValueError, match="has a scope, which means nothing to another pod"):
        ip_address("fe80::1%eth0")


def test_addresses_sort_by_family_and_then_as_numbers() -> None:
    mixed = ["fd00::10", "10.0.0.10", "fd00::9", "9.255.255.255", "10.0.0.9"]
    assert sorted(mixed, key=address_key) == [
        "9.255.255.255",
        "10.0.0.9",
        "10.0.0.10",
        "fd00::9",
        "fd00::10",
    ]


@pytest.mark.parametrize(
    ("pod", "parts"),
    [
        ("db-0", ("db", 0)),
        ("db-10", ("db", 10)),
        ("my-db-2-10", ("my-db-2", 10)),
        ("2-10", ("2", 10)),
        ("1-2-3", ("1-2", 3)),
        ("db-4294967295", ("db", 4294967295)),
        ("cafe-bar-0", ("cafe-bar", 0)),
        ("10-0-0-256", ("10-0-0", 256)),
    ],
)
def test_the_ordinal_is_the_number_after_the_last_dash(pod: str, parts: tuple[str, int]) -> None:
    assert split_ordinal(pod) == parts


@pytest.mark.parametrize(
    "pod", ["db", "db-", "-0", "db-01", "db-00", "db-x", "db-1x", "db0", "7", "db-٣", "db-1\n", ""]
)
def test_a_name_that_no_statefulset_makes_has_no_ordinal(pod: str) -> None:
    assert split_ordinal(pod) is None


@pytest.mark.parametrize("label", ["10-0-0-1", "255-255-255-255"])
def test_an_ipv4_address_with_dashes_is_no_pod_of_a_set(label: str) -> None:
    assert split_ordinal(label) is None


@pytest.mark.parametrize("pod", ["dead--beef-0", "a--0"])
def test_a_pod_whose_name_could_be_an_ipv6_address_still_has_its_ordinal(pod: str) -> None:
    assert split_ordinal(pod) == (pod.removesuffix("-0"), 0)


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("10-0-0-1", "10.0.0.1"),
        ("fd00--1", "fd00::1"),
        ("2001-db8--8-1", "2001:db8::8:1"),
    ],
)
def test_a_label_with_dashes_is_read_as_the_address_that_it_spells(
    label: str, address: str
) -> None:
    assert dashed_address(label) == address


@pytest.mark.parametrize(
    "label", ["db-0", "10-0-0-256", "10-0-0", "1-2-3-4-5", "a-b-c", "10.0.0.1"]
)
def test_a_name_with_dashes_is_not_taken_for_an_address(label: str) -> None:
    assert dashed_address(label) is None


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True), st.integers(0, 10**9))
def test_any_set_and_ordinal_are_found_again_in_the_name_of_the_pod(name: str, n: int) -> None:
    pod = f"{name}-{n}"
    assert split_ordinal(pod) == (name, n)


@given(st.ip_addresses())
def test_every_dashed_address_is_known_for_one(address: IPv4Address | IPv6Address) -> None:
    dashed = str(address).replace(".", "-").replace(":", "-")
    assert dashed_address(dashed) == str(address)
