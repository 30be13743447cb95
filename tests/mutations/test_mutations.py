"""The mutations are of the code as it is now, and leave no rule of the membership table out."""

import ast
import re

import pytest

from tests.mutations import membership
from tests.mutations.every import GROUPS
from tests.mutations.mutation import ROOT, Mutation

EVERY = [mutation for group in GROUPS for mutation in group.mutations]


@pytest.mark.parametrize("mutation", EVERY, ids=lambda mutation: mutation.name)
def test_a_mutation_breaks_a_text_that_is_there_once_and_leaves_a_program(
    mutation: Mutation,
) -> None:
    broken = mutation.applied(ROOT)
    assert broken != (ROOT / mutation.file).read_text()
    ast.parse(broken)
    assert (ROOT / mutation.tests).exists()


def test_no_two_mutations_have_one_name_or_do_the_same() -> None:
    assert len({mutation.name for mutation in EVERY}) == len(EVERY)
    assert len({mutation.applied(ROOT) for mutation in EVERY}) == len(EVERY)


def test_each_row_of_the_membership_table_is_broken_by_a_mutation() -> None:
    table = ast.get_docstring(ast.parse((ROOT / membership.MEMBERSHIP).read_text()))
    assert table
    head, _, *cells = re.findall(r"^\|(.+?) *\|.*\|$", table, re.MULTILINE)
    assert head.strip() == "seen in DNS"
    assert " ".join(" ".join(cells).split()) == " ".join(membership.ROWS)
    assert set(membership.ROWS) <= {mutation.rule for mutation in membership.MUTATIONS}
