"""A short torture: a part of the sweep and a few random runs; `make torture` does the rest."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.torture import workload
from tests.torture.gate import Cut, How
from tests.torture.http_proxy import BY_WAREHOUSE
from tests.torture.sweep import COPY, KINDS
from tests.torture.torturing import Torture
from tests.torture.ways import LAMBDA, Faults, go, in_order, no_cut
from tests.torture.workload import Kind
from tests.torture.world import World, worlds

SEED = 1
SWEEP_WAYS, RANDOM_WAYS, HOSTILE_WAYS = 9, 1, 3


@pytest.fixture(scope="module")
def world(starts_programs: None) -> Iterator[World]:
    with worlds() as opened:
        yield opened


@pytest.fixture
def hostile_world(world: World) -> Iterator[World]:
    with world.hostile():
        yield world


def test_some_of_the_sweep_and_of_the_random_runs_find_no_violation(world: World) -> None:
    torture = Torture(world, random.Random(SEED))
    kinds = [KINDS[0], *torture.order.sample(KINDS[1:], 3)]
    torture.sweep(kinds=kinds, ways=SWEEP_WAYS)
    torture.random_runs(ways=RANDOM_WAYS)
    assert [str(each) for each in torture.found] == []
    assert len(torture.faults.made) > 10, torture.ways


def test_sweep_and_random_runs_find_no_violation_where_redshift_answers_in_the_less_convenient_way(
    hostile_world: World,
) -> None:
    """Views late, with other ids, lines unknown, conflicts in other words, the first statement cancelled."""
    torture = Torture(hostile_world, random.Random(SEED))
    torture.sweep(kinds=[KINDS[0]], ways=HOSTILE_WAYS)
    torture.random_runs(ways=RANDOM_WAYS)
    assert [str(each) for each in torture.found] == []
    assert len(torture.faults.made) > 5, torture.ways


@pytest.mark.parametrize(
    ("name", "cut", "first_try_ends"),
    [
        (LAMBDA, Cut(7, How.KILL_AFTER), True),
        ("copy_to_table", Cut(9, How.KILL_BEFORE), True),
        ("copy_to_table", Cut(9, How.DROP_AFTER), False),
        ("copy_to_table", Cut(8, How.CONFLICT), False),
        ("copy_to_table", Cut(14, How.UNAVAILABLE), False),  # to the warehouse, in the midst of COPY
        ("archive_files", Cut(7, How.UNAVAILABLE), False),  # to S3, after the query whether the files are loaded
    ],
)
def test_fault_reaches_the_product(world: World, name: str, cut: Cut, first_try_ends: bool) -> None:
    """A torture that kills nothing would find nothing."""
    faults = Faults()
    world.begin({"one": KINDS[0]})
    tries: list[int] = []

    def cut_first(of: str, number: int) -> Cut | None:
        if of != name:
            return None
        tries.append(number)
        return cut if len(tries) == 1 else None

    go(world, "one", KINDS[0], cut_first, faults)
    assert [(who, how) for who, how, _ in faults.made] == [(name, cut.how)]
    assert (len(tries) > 1) is first_try_ends
    assert world.check() == []


def test_key_overwritten_before_during_and_after_its_copy_costs_no_row(world: World) -> None:
    kind = Kind(select="newest", files=("good",))
    points = ("COPY ", f"{BY_WAREHOUSE}GET /{workload.bucket('one')}/", "SELECT pg_last_copy_id")
    world.begin({"one": kind})
    for _ in range(2):  # the first finds no table yet, and the warehouse has no bucket
        faults = Faults()
        go(world, "one", kind, no_cut, faults)
    for point in points:
        step = next(number for number, each in enumerate(faults.steps[COPY], start=1) if each.startswith(point))
        go(world, "one", kind, in_order({COPY: [Cut(step, How.MEANWHILE, world.overwrite)]}), faults)
    assert [point in done for point, (_, _, done) in zip(points, faults.made, strict=True)] == [True] * 3
    assert world.check() == []


def test_real_history_with_a_seeded_error_is_a_violation(world: World) -> None:
    """The checker sees the real state."""
    kind = Kind()
    world.begin({"one": kind})
    go(world, "one", kind, no_cut, Faults())
    with world.session() as current:
        first = world.drops[0].rows[0][0]
        current.execute(
            "INSERT INTO lake.one (id, token, k) SELECT id, token, k FROM lake.one WHERE token = %s", (first,)
        )
        current.execute("DELETE FROM mng.load_errors WHERE 1 = 1")
    assert {each.kind for each in world.check()} == {"row doubled", "lineage wrong", "reject lost"}
