"""The filters `promised` and `several` of templates: core/voters on what a template sees.

Where a list is not whole there is no file.
"""

from collections.abc import Iterable

from jinja2 import pass_context
from jinja2.runtime import Context

from agent.core.selection import Listed
from agent.core.voters import NotWhole, Promise
from agent.core.voters import promised as promised_of
from agent.core.voters import several as several_of
from agent.formats.template import Withholding


@pass_context
def promised(context: Context, seeds: Iterable[Listed], when: str = "") -> tuple[Listed, ...]:
    """The pods that `replicas` promises, all and no others. `when` stands before the reason.

    Raises Withholding.
    """
    return _whole(promised_of(tuple(seeds), _promise(context)), when)


@pass_context
def several(context: Context, seeds: Iterable[Listed], when: str = "") -> tuple[Listed, ...]:
    """The seeds, where they are not one alone of a set that is to have more. Raises Withholding."""
    return _whole(several_of(tuple(seeds), _promise(context)), when)


def _promise(context: Context) -> Promise:
    return Promise(context["me"], context["replicas"], context["roll"]["start_ordinal"])


def _whole(found: tuple[Listed, ...] | NotWhole, when: str) -> tuple[Listed, ...]:
    if isinstance(found, NotWhole):
        raise Withholding(f"{when} {found.phrase}".lstrip())
    return found
