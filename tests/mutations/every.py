"""All mutations there are, and the tests that hold their rules."""

from tests.mutations import (
    asking,
    founding,
    hearing,
    loop,
    membership,
    opening,
    repeats,
    serial,
    status,
    telling,
    view,
    wire,
)
from tests.mutations.mutation import Group

DECIDING = (
    "tests/core",
    "tests/test_loop.py",
    "tests/test_loop_outputs.py",
    "tests/test_delivering.py",
)
FOUNDING = ("tests/core/test_bootstrap.py", "tests/test_bootstrap.py")
HEARING = (
    "tests/core/test_hearing.py",
    "tests/core/test_roll.py",
    "tests/core/test_selection.py",
    "tests/test_hearing.py",
    "tests/test_wanted.py",
)
ASKING = (
    "tests/discovery/test_transport.py",
    "tests/discovery/test_large_answers.py",
    "tests/discovery/test_several_nameservers.py",
    "tests/discovery/test_names_from_the_network.py",
    "tests/discovery/test_reading.py",
    "tests/discovery/test_auto.py",
    "tests/discovery/test_rdata.py",
    "tests/discovery/test_many_questions.py",
    "tests/discovery/test_large.py",
    "tests/discovery/test_observe.py",
    "tests/discovery/test_ordinals.py",
    "tests/test_publish.py",
    "tests/publish/test_claim.py",
)
WIRE = (
    "tests/discovery/test_wire.py",
    "tests/discovery/test_wire_fuzz.py",
)
REPEATS = ("tests/discovery/test_repeats.py",)
BY_SERIAL = ("tests/discovery/test_by_serial.py",)
TELLING = (
    "tests/notify",
    "tests/exchange",
    "tests/test_process.py",
    "tests/test_check.py",
    "tests/test_background.py",
)
# Without those that take long: a mutation names them where they are what notices it.
STATUS = (
    "tests/core/test_listen.py",
    "tests/status/test_document.py",
    "tests/status/test_metrics.py",
    "tests/status/test_routes.py",
    "tests/status/test_openapi.py",
    "tests/status/test_server.py",
    "tests/status/test_bounds.py",
)

GROUPS = (
    Group(DECIDING, membership.MUTATIONS),
    Group(DECIDING, view.MUTATIONS),
    Group(DECIDING, opening.MUTATIONS),
    Group(DECIDING, loop.MUTATIONS),
    Group(DECIDING, serial.RESTING),
    Group(FOUNDING, founding.MUTATIONS, is_simulated=False),
    Group(HEARING, hearing.MUTATIONS, is_simulated=False),
    Group(ASKING, asking.MUTATIONS, is_simulated=False),
    Group(WIRE, wire.MUTATIONS, is_simulated=False),
    Group(REPEATS, repeats.MUTATIONS, is_simulated=False),
    Group(BY_SERIAL, serial.MUTATIONS, is_simulated=False),
    Group(TELLING, telling.MUTATIONS, is_simulated=False),
    Group(STATUS, status.MUTATIONS, is_simulated=False),
)
