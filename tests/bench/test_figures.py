from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.bench import figures, goals, table
from tests.bench.figures import HALF, PEER_FINDER, PROGRAMS, ROLLCALL, Figure, Reading

LOW, HIGH = 1.0, 4.0


def readings(program: str, *values: float) -> list[Reading]:
    return [Reading(figures.CPU, 100, program, value) for value in values]


def test_a_figure_has_the_readings_of_one_program_at_one_size_and_rollcall_comes_first() -> None:
    found = figures.figures([*readings(PEER_FINDER, 7), *readings(ROLLCALL, 3, 1, 2)])
    assert [each.program for each in found] == [ROLLCALL, PEER_FINDER]
    own = found[0]
    assert (own.median, own.lowest, own.highest) == (2, 1, 3)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=300))
def test_one_reading_in_a_hundred_is_above_the_99th_percentile_or_the_highest(
    values: list[int],
) -> None:
    figure = Figure(figures.FILE, 3, ROLLCALL, tuple(map(float, values)))
    above = sum(value > figure.p99 for value in values)
    assert above <= max(1, len(values) / 100)
    assert figure.median <= figure.p99 <= figure.highest


def test_a_goal_beside_the_other_program_has_no_verdict_where_that_was_not_run() -> None:
    alone = figures.figures(readings(ROLLCALL, LOW))
    assert not list(goals.verdicts(alone))
    both = figures.figures([*readings(ROLLCALL, LOW), *readings(PEER_FINDER, HIGH)])
    (verdict,) = goals.verdicts(both)
    assert (verdict.median, verdict.of, verdict.is_reached) == (LOW, HIGH, True)
    (missed,) = goals.verdicts([replace(both[0], values=(HIGH,)), both[1]])
    assert not missed.is_reached


def test_a_goal_at_every_size_has_a_verdict_at_each() -> None:
    every = [Figure(figures.FILE, size, HALF, (299 + size,)) for size in (1, 2)]
    assert [(each.peers, each.is_reached) for each in goals.verdicts(every)] == [
        (1, True),
        (2, False),
    ]


def test_the_other_programs_nothing_is_not_undercut() -> None:
    nothing = [Figure(figures.CPU, 100, program, (0.0,)) for program in (ROLLCALL, PEER_FINDER)]
    *_, row = goals.rows(nothing)
    assert row[-1] == "reached"
    *_, row = goals.rows([replace(nothing[0], values=(1.0,)), nothing[1]])
    assert row[-1] == "missed"


def test_a_table_has_a_column_for_each_size_and_says_where_nothing_was_measured() -> None:
    every = [Figure(figures.CPU, 3, ROLLCALL, (1.234,))]
    every.append(Figure(figures.CPU, 10, PEER_FINDER, (0.6, 0.5, 1000.0)))
    assert list(table.rows(every)) == [
        ["", "", "3 peers", "10 peers"],
        ["CPU at rest, ms/s", ROLLCALL, "1.23", "–"],
        ["", PEER_FINDER, "–", "0.600 (0.500, 1000)"],
    ]
    lines = list(table.lined(table.rows(every)))
    assert len({len(line) for line in lines}) == 1


def test_of_changes_a_table_shows_the_slowest_and_not_the_quickest() -> None:
    changes = Figure(figures.FILE, 3, ROLLCALL, tuple(map(float, range(1, 201))))
    assert list(table.rows([changes]))[1][2] == "100 (198, 200)"


def test_every_goal_is_of_something_that_is_measured() -> None:
    for goal in goals.GOALS:
        assert {goal.measure, goal.beside or goal.measure} <= {*figures.MEASURES}
        assert goal.program in PROGRAMS
