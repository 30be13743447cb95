"""Jinja in a sandbox: what a template may do, and the text that it gives.

It knows no format by name. Whatever a template raises comes out as a FormatError that names the
file and the line; `agent/formats/mistakes.py` has the sentences. But it may say that there is to be
no file: `withhold("while …")`. A template is trusted not to take for ever: the sandbox bounds a
`range`, and the file's length is bounded here, but not its work.
"""

import functools
import json
import math
import re
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from agent.formats.header import FormatError

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

    from agent.formats import sandbox

# Characters. All of a roll of 10,000 pods is less.
LONGEST = 16 * 2**20

# Compiled when they are used first, which takes milliseconds and most formats never do.
_NOT_IN_YAML = "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
_NOT_IN_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# As xml.sax.saxutils has it, which brings a web client and the e-mail package along.
_IN_XML = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class UnfitError(FormatError):
    """A template that fails with this roll, and may not with another."""


class Withholding(Exception):  # noqa: N818  # no error: what a template decided, with its reason
    """A template called `withhold`, because its database would do harm with the file."""


def prepare() -> None:
    """Imports Jinja, which no signal may end in the middle, as it may a template's work."""
    from agent.formats import sandbox  # noqa: F401, PLC0415  # 40 ms, which `whoami` need not pay


def fill(source: str, what: str, context: dict[str, Any]) -> str:
    """The text that a template gives; `what` is what to call it in a sentence.

    Raises FormatError, as UnfitError where that may come of the roll, and Withholding where the
    template says that there is to be no file.
    """
    from agent.formats import mistakes  # noqa: PLC0415  # as above

    template = None
    try:
        template = _template(source, tuple(context))
        return _joined(template, context, what)
    except (FormatError, Withholding):
        raise
    except Exception as wrong:  # whatever Jinja and the filters can be made to raise
        mistake = mistakes.mistake_of(wrong)
        at = f", line {mistake.line}" if mistake.line else ""
        is_certain = mistake.is_certain or template is None
        kind = FormatError if is_certain else UnfitError
        raise kind(f"{what}{at}: {mistake.phrase}") from wrong


@functools.cache
def names_in(source: str) -> frozenset[str] | None:
    """The names that a template makes use of, None if it is no Jinja: `fill` says what is wrong."""
    from agent.formats import mistakes  # noqa: PLC0415  # as above

    return mistakes.names_in(lambda: _tree(source))


def _joined(template: "jinja2.Template", context: dict[str, Any], what: str) -> str:
    pieces: list[str] = []
    length = 0
    for piece in template.generate(context):
        length += len(piece)
        if length > LONGEST:
            raise UnfitError(f"{what}: it gives a file of more than {LONGEST} characters")
        pieces.append(piece)
    text = "".join(pieces)
    if half := _SURROGATE.search(text):
        raise UnfitError(f"{what}: it gives U+{ord(half[0]):04X}, which is half a character")
    return text


@functools.cache
def _template(source: str, names: tuple[str, ...]) -> "jinja2.Template":
    from agent.formats import mistakes  # noqa: PLC0415  # as above

    environment, tree = _environment(), _tree(source)
    mistakes.check(tree, names, environment)
    _tree.cache_clear()  # compiling changes it
    return environment.from_string(tree)


@functools.lru_cache(maxsize=1)
def _tree(source: str) -> "nodes.Template":
    """A template as Jinja reads it: once for all that is made of it at the start."""
    return _environment().parse(source)


@functools.cache
def _environment() -> "sandbox.Sandbox":
    from agent.formats import sandbox, voting  # noqa: PLC0415  # as above

    environment = sandbox.Sandbox(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters["quoted"] = _quoted
    environment.filters["shell"] = _shell
    environment.filters["yaml"] = _yaml
    environment.filters["host"] = _host
    environment.filters["xml"] = _xml
    environment.filters["promised"] = voting.promised
    environment.filters["several"] = voting.several
    environment.globals["withhold"] = _withhold
    return environment


def _withhold(reason: str = "") -> NoReturn:
    """Ends the rendering: a database would do harm with the file."""
    if not reason:
        raise TypeError('withhold has to be told why, as in withhold("while …")')
    raise Withholding(reason)


def _quoted(value: Any) -> str:
    """JSON that every YAML reader takes too; Jinja's own `tojson` escapes for HTML.

    Escapes what YAML 1.2 section 5.1 does not hold raw, and nothing else: JSON's escape for a
    character above U+FFFF is two characters in YAML.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_refuse)
    return re.sub(_NOT_IN_YAML, lambda match: f"\\u{ord(match[0]):04x}", text)


def _host(name: str) -> str:
    """A name, or an address as it is written before a port: IPv6 in brackets."""
    return f"[{name}]" if ":" in name else name


def _shell(text: str) -> str:
    """One word to a shell. NUL, which its variables can't hold, raises ValueError."""
    if "\0" in text:
        raise ValueError("U+0000 can't be in a shell's variable")
    return shlex.quote(text)


def _xml(value: Any) -> str:
    """Text between tags, or in an attribute in double quotes.

    White space is escaped: XML 1.0 sections 2.11 and 3.3.3 let a reader change what is raw. What
    section 2.2 has no place for raises ValueError.
    """
    text = str(value)
    if odd := re.search(_NOT_IN_XML, text):
        raise ValueError(f"U+{ord(odd[0]):04X} can't be in XML")
    return text.translate(_IN_XML)


def _yaml(value: Any) -> str:
    """A whole document of a list or a mapping, else a value to stand behind a key."""
    if isinstance(value, list | tuple | dict):
        return _dumped(value)
    text = _dumped(value, width=math.inf).removesuffix("\n").removesuffix("\n...")
    return _quoted(value) if "\n" in text else text


def _dumped(value: Any, **options: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **options)
    return text


class _Dumper(yaml.SafeDumper):
    """YAML without tags, which says in our words what has no form in it."""

    def represent_data(self, data: Any) -> yaml.Node:
        if type(data) not in self.yaml_representers:
            _refuse(data)
        return super().represent_data(data)


def _refuse(value: Any) -> NoReturn:
    """Raises what a template is told that writes what is no text."""
    from agent.formats import sandbox  # noqa: PLC0415  # as above

    raise sandbox.no_text(value)
