"""The nameservers of a resolv.conf that is rewritten while the agent runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.core.nameservers import Nameserver
from agent.discovery.resolv import ResolvConf

FIRST, SECOND = Nameserver("10.96.0.10"), Nameserver("fd00::a")
TEXT = "search prod.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "resolv.conf"
    path.write_text(TEXT)
    return path


def test_a_file_that_is_written_over_is_read_again(file: Path) -> None:
    conf = ResolvConf(file)
    assert conf.nameservers() == (FIRST,)
    file.write_text(f"nameserver fd00::a\n{TEXT}")
    assert conf.nameservers() == (SECOND, FIRST)


def test_a_file_that_is_replaced_by_one_of_the_same_size_is_read_again(
    file: Path, tmp_path: Path
) -> None:
    conf = ResolvConf(file)
    assert conf.nameservers() == (FIRST,)
    other = tmp_path / "other"
    other.write_text(TEXT.replace("10.96.0.10", "10.96.0.99"))
    other.replace(file)
    assert conf.nameservers() == (Nameserver("10.96.0.99"),)


def test_a_link_that_is_turned_to_another_file_is_followed(file: Path, tmp_path: Path) -> None:
    """As a ConfigMap's volume does it."""
    other, link = tmp_path / "other", tmp_path / "link"
    other.write_text("nameserver fd00::a\n")
    link.symlink_to(file)
    conf = ResolvConf(link)
    assert conf.nameservers() == (FIRST,)
    link.unlink()
    link.symlink_to(other)
    assert conf.nameservers() == (SECOND,)


@pytest.mark.parametrize("text", ["", "\n", "# being written\n", "search prod.svc.cluster.local\n"])
def test_a_file_without_a_nameserver_keeps_the_last_and_is_read_when_it_has_one(
    file: Path, text: str
) -> None:
    conf = ResolvConf(file)
    conf.nameservers()
    file.write_text(text)
    assert conf.nameservers() == (FIRST,)
    file.write_text("nameserver fd00::a\n")
    assert conf.nameservers() == (SECOND,)


def test_a_file_that_is_removed_keeps_the_last_and_is_read_when_it_is_back(file: Path) -> None:
    conf = ResolvConf(file)
    conf.nameservers()
    file.unlink()
    assert conf.nameservers() == (FIRST,)
    file.mkdir()
    assert conf.nameservers() == (FIRST,)
    file.rmdir()
    file.write_text("nameserver fd00::a\n")
    assert conf.nameservers() == (SECOND,)


def test_a_file_that_was_never_there_names_nobody_until_it_is(tmp_path: Path) -> None:
    conf = ResolvConf(tmp_path / "resolv.conf")
    assert conf.nameservers() == ()
    (tmp_path / "resolv.conf").write_text(TEXT)
    assert conf.nameservers() == (FIRST,)


BROKEN = [
    b"nameserver\n",
    b"nameserver kube-dns\n",
    b"nameserver 10.96.0\n",
    b"nameserver 10.96.0.10.\n",
    b"nameserver fe80::1%a..b\n",
    b"nameserver fe80::1%\n",
    b"nameserver \xff\xfe\n",
    b"\xff\x00nameserver 10.0.0.1\n",
    b"nameserver 10.96.0.1\x00\n",
    b"nameserver " + b"9" * 5000 + b"\n",
]


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: repr(line[:24]))
def test_a_broken_line_is_passed_over(file: Path, line: bytes) -> None:
    file.write_bytes(line + TEXT.encode() + line)
    assert ResolvConf(file).nameservers() == (FIRST,)


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: repr(line[:24]))
def test_a_file_of_nothing_but_a_broken_line_keeps_the_last(file: Path, line: bytes) -> None:
    conf = ResolvConf(file)
    conf.nameservers()
    file.write_bytes(line)
    assert conf.nameservers() == (FIRST,)
