"""Lays the keys of one INI text over another, line by line.

It reads what option files of MySQL, .properties of Java, rabbitmq.conf, CouchDB's and systemd's
files have in common: `[section]`, `key = value`, comments. What it does not know it leaves as it
is, byte by byte.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION = re.compile(r"\s*\[(?P<name>[^\]]*)\]")
_KEY = re.compile(r"\s*(?P<key>(?:\\.|[^=:\\])*?)\s*(?:[=:]|$)", re.DOTALL)
# Groups that MySQL, MariaDB and their tools read. In them `-` and `_` are alike, `loose_` only says
# that the option may be unknown, and no line goes on in the next one:
# https://dev.mysql.com/doc/refman/8.4/en/option-files.html, .../option-modifiers.html
_OF_MYSQL = re.compile(
    r"(?:my|mariadb|mariabackup|xtrabackup|galera|client|server|embedded|sst).*", re.DOTALL
)
_MARK = "\ufeff"


@dataclass(slots=True)
class _Entry:
    """Lines that belong together; `key` is empty where they have none: a comment, a section."""

    section: str
    key: str
    text: str
    is_comment: bool = False


def lay_ini(text: str, base: str) -> str:
    """`base` with the keys of `text`: where a section has a key of ours, ours stand in its place.

    A key may be there several times; all of its lines are replaced by all of ours. What is new
    comes at the end of its section, and a new section at the end.
    """
    mark = _MARK if base.startswith(_MARK) else ""
    base = base.removeprefix(_MARK)
    end = "\r\n" if re.match(r"[^\n]*\r\n", base) else "\n"
    ours = _grouped(text, end)
    laid: list[_Entry] = []
    for entry in _entries(base, end):
        group = ours.get(entry.section, {})
        if not entry.key or entry.key not in group:
            laid.append(entry)
        elif group[entry.key].text:
            laid.append(group[entry.key])
            group[entry.key] = _Entry(entry.section, entry.key, "")  # placed
    for section, group in ours.items():
        new = [entry for entry in group.values() if entry.text]
        if new:
            _add(laid, section, new, end)
    return mark + "".join(entry.text for entry in laid)


def ini_keys(base: str) -> tuple[str, ...]:
    """The keys of a base that are in no section, and the names of its sections, sorted."""
    entries = list(_entries(base.removeprefix(_MARK), "\n"))
    return tuple(sorted({entry.section or entry.key for entry in entries} - {""}))


def _grouped(text: str, end: str) -> dict[str, dict[str, _Entry]]:
    """Our keys by section, each with all of its lines."""
    grouped: dict[str, dict[str, _Entry]] = {}
    for entry in _entries(text, end):
        if entry.key:
            lines = "".join(line.rstrip("\r\n") + end for line in _lines(entry.text))
            group = grouped.setdefault(entry.section, {})
            before = group[entry.key].text if entry.key in group else ""
            group[entry.key] = _Entry(entry.section, entry.key, before + lines)
    return grouped


def _add(laid: list[_Entry], section: str, new: list[_Entry], end: str) -> None:
    """Puts new keys after the last line of their section, or a new section at the end."""
    within = [at for at, each in enumerate(laid) if each.section == section and not each.is_comment]
    if within:
        at = within[-1] + 1
    elif section:
        at = len(laid)
        gap = end if laid and laid[-1].text.strip() else ""
        new = [_Entry(section, "", f"{gap}[{section}]{end}"), *new]
    else:
        at = next((at for at, each in enumerate(laid) if each.section), len(laid))
    laid[at:at] = new


def _entries(text: str, end: str) -> Iterator[_Entry]:
    """All of a text, cut where something new begins."""
    section = ""
    entry: _Entry | None = None
    lines = _lines(text)
    for at, line in enumerate(lines):
        line = line if line.endswith("\n") else line + end  # noqa: PLW2901  # the last one may lack it
        if entry is not None and entry.key and _goes_on(entry, lines[at:]):
            entry.text += line
            continue
        if entry is not None:
            yield entry
        content = line.strip()
        if (head := _SECTION.match(line)) is not None:
            section = head["name"].strip()
            entry = _Entry(section, "", line)
        elif not content or content[0] in "#;":
            entry = _Entry(section, "", line, is_comment=True)
        elif content[0] == "!":  # an include of MySQL, a comment in .properties
            entry = _Entry(section, "", line)
        else:
            entry = _Entry(section, _key_of(line, section), line)
    if entry is not None:
        yield entry


def _goes_on(entry: _Entry, rest: list[str]) -> bool:
    """Whether a key's value goes on in the next line, as that kind of file has it."""
    if entry.section and _OF_MYSQL.fullmatch(entry.section):
        return False
    last = _lines(entry.text)[-1].rstrip("\r\n")
    if (len(last) - len(last.rstrip("\\"))) % 2:
        return True
    if not entry.section:
        return False
    full = next((line for line in rest if line.strip()), "")
    return bool(full) and _indent(full) > _indent(entry.text)


def _key_of(line: str, section: str) -> str:
    found = _KEY.match(line)
    key = found["key"] if found else line.strip()
    if section and _OF_MYSQL.fullmatch(section):
        return key.replace("-", "_").removeprefix("loose_")
    return key


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a newline ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
