"""Jinja in a sandbox: what a template may do, and what it is told when it does something else.

It knows no format by name. Whatever a template raises comes out as a FormatError that names the
file and the line; but it may say that there is to be no file: `withhold("while …")`.
"""

import functools
import json
import re
import shlex
from typing import TYPE_CHECKING, Any, NoReturn
from xml.sax.saxutils import escape

import yaml

from agent.formats.header import FormatError

if TYPE_CHECKING:
    import jinja2

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


class Withholding(Exception):  # noqa: N818  # no error: what a template decided, with its reason
    """A template called `withhold`, because its database would do harm with the file."""


def fill(source: str, where: str, context: dict[str, Any]) -> str:
    """The text that a template gives; `where` is what to call it.

    Raises FormatError, and Withholding where the template says that there is to be no file.
    """
    import jinja2  # noqa: PLC0415  # 40 ms that `whoami` and `--help` need not pay

    try:
        return _template(source).render(context)
    except (jinja2.TemplateError, TypeError, ValueError) as wrong:
        raise FormatError(f"format {where} can't be rendered: {wrong}") from wrong


@functools.cache
def _template(source: str) -> "jinja2.Template":
    from jinja2 import StrictUndefined  # noqa: PLC0415  # as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  # as above

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = _quoted
    environment.filters["shell"] = shlex.quote
    environment.filters["yaml"] = _yaml
    environment.filters["host"] = _host
    environment.filters["xml"] = _xml
    environment.globals["withhold"] = _withhold
    return environment.from_string(source)


def _withhold(reason: str) -> NoReturn:
    """Ends the rendering: a database would do harm with the file."""
    raise Withholding(reason)


def _quoted(value: Any) -> str:
    """JSON that every YAML reader takes too; Jinja's own `tojson` escapes for HTML.

    Escapes what YAML 1.2 section 5.1 does not hold raw, and nothing else: JSON's escape for a
    character above U+FFFF is two characters in YAML.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _host(name: str) -> str:
    """A name, or an address as it is written before a port: IPv6 in brackets."""
    return f"[{name}]" if ":" in name else name


def _xml(value: Any) -> str:
    """Text between tags, or in an attribute in double quotes."""
    return escape(str(value), {'"': "&quot;"})


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
