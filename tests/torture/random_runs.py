"""Random workloads meet random faults: several types at once, events as they come in bad times, and disasters."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from local import credentials, postgres
from tests.torture.buttons import press_some
from tests.torture.checker import Violation
from tests.torture.gate import Cut, How
from tests.torture.history import Drop
from tests.torture.ways import Faults, bring, load_again_and_take_out, no_cut, replay, run_queued, settle
from tests.torture.workload import Kind
from tests.torture.world import World

KINDS = {
    "one": Kind(),
    "two": Kind(mode="merge"),
    "three": Kind(mode="truncate", select="newest"),
    "four": Kind(mode="replace", select="newest"),
    "five": Kind(mode="new_table", compression="zip"),
    "six": Kind(select="newest", warns=True),
    "seven": Kind(mode="merge", select="newest"),
    "eight": Kind(max_files=2),
    "nine": Kind(mode="slice"),
    "ten": Kind(mode="history"),
    "eleven": Kind(mode="history", extra="deletes"),
    "twelve": Kind(mode="merge", select="newest", extra="snapshot"),
    "thirteen": Kind(extra="checks", encryption="pgp"),
    "fourteen": Kind(format="xml", encryption="client_side"),
}
PAIR = {"left": Kind(), "right": Kind(select="newest")}
PAIRS_TABLE = "lake.pair"
FILES = ("good", "good", "one bad row", "too many bad rows", "bad header", "empty")
TYPES_AT_ONCE = 3
ROUNDS = 2
CUT_PROBABILITY = 0.5
PAIR_PROBABILITY = 0.4
HAPPENING_PROBABILITY = 0.2
FIRST_STEPS = 10
DISASTERS = ("none", "none", "stand-in", "postgres", "rotation", "schema")
HOWS = tuple(how for how in How if how is not How.MEANWHILE)


def go(world: World, seed: int, faults: Faults) -> Iterator[list[Violation]]:
    """Go a few random rounds, and yield what the history shows after each, and after what failed was replayed."""
    order = random.Random(seed)
    kinds = {name: KINDS[name] for name in order.sample(sorted(KINDS), TYPES_AT_ONCE)}
    world.begin(kinds)
    if order.random() < PAIR_PROBABILITY:
        for name, kind in PAIR.items():
            world.write_schema(name, kind, PAIRS_TABLE)
        kinds |= PAIR
    for number in range(ROUNDS):
        note = f"random run {seed}, round {number + 1}"
        try:
            now = Round(world, order, kinds, faults, note)
            now.go()
            found = world.check() or press_some(world, order, faults, now.cut)
            if not found and number + 1 == ROUNDS:
                found = [each for name in kinds for each in replay(world, name, faults)] + world.check()
                found = found or load_again_and_take_out(world, order, faults)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this round
            found = [Violation("the round broke off", note, repr(error))]
        yield found
        if found:
            return


class Round:
    """Some files, with whatever befalls them, until all is quiet again."""

    def __init__(self, world: World, order: random.Random, kinds: dict[str, Kind], faults: Faults, note: str) -> None:
        self.world, self.order, self.kinds, self.faults, self.note = world, order, kinds, faults, note
        self.late: list[Drop] = []
        self.disaster = order.choice(DISASTERS)

    def go(self) -> None:
        """Drop, deliver, run, and bring all to its end."""
        drops = [self.drop() for _ in range(self.order.randint(2, 6))]
        for batch in self.deliveries(drops):
            bring(self.world, batch, self.cut, self.faults)
            run_queued(self.world, self.cut, self.faults)
        name = self.order.choice(sorted(self.kinds))
        self.world.airflow.create(f"load_{name}", f"manual__{next(self.world.source.numbers)}")
        while self.late:
            bring(self.world, [self.late.pop(0)], self.cut, self.faults)
        run_queued(self.world, self.cut, self.faults)
        self.world.attempts.wait_for_frozen()
        if self.world.password != credentials.PASSWORD:
            self.world.rotate(credentials.PASSWORD)
        settle(self.world, no_cut, self.faults)

    def drop(self, of: Drop | None = None) -> Drop:
        """Drop a file, of a random type or in the place of another."""
        name = of.file_type if of else self.order.choice([*sorted(self.kinds), None])
        note = self.note + ("; in the place of another" if of else "")
        kind = self.kinds[name] if name else Kind()
        return self.world.drop(name, self.order.choice(FILES), kind, note, of.key if of else "")

    def deliveries(self, drops: list[Drop]) -> Iterator[list[Drop]]:
        """Yield batches of events: some twice, some late, some never, some given up, and none in order."""
        events = []
        for drop in drops:
            fate = self.order.random()
            if fate < 0.08:
                self.world.give_up([drop])
                continue
            if fate < 0.15:
                continue
            if fate < 0.3:
                self.late.append(drop)
            else:
                events += [drop] * (2 if fate < 0.45 else 1)
        self.order.shuffle(events)
        while events:
            size = self.order.randint(1, 4)
            yield events[:size]
            events = events[size:]

    def cut(self, name: str, _number: int) -> Cut | None:
        """Return what befalls an attempt."""
        if self.order.random() > CUT_PROBABILITY:
            return None
        step = self.order.randint(1, len(self.faults.steps.get(name, ())) or FIRST_STEPS)
        if self.order.random() < HAPPENING_PROBABILITY:
            return Cut(step, How.MEANWHILE, self.order.choice(self.happenings()))
        return Cut(step, self.order.choice(HOWS))

    def happenings(self) -> list[Callable[[], None]]:
        """Return what may happen beside an attempt; a disaster happens in its round alone, and once."""
        disaster = {
            "stand-in": self.restart_stand_in,
            "postgres": self.restart_postgres,
            "rotation": self.rotate_secret,
            "schema": self.change_schema,
        }.get(self.disaster)
        return [self.overwrite, disaster] if disaster else [self.overwrite]

    def restart_stand_in(self) -> None:
        """Kill the warehouse; its engine lives on."""
        self.disaster = "none"
        self.world.restart(self.world.warehouse())

    def restart_postgres(self) -> None:
        """Kill the warehouse with its engine."""
        self.disaster = "none"
        self.world.restart(self.world.warehouse(), postgres.service(self.world.config))

    def rotate_secret(self) -> None:
        """Give the warehouse another password, and then the secret."""
        self.disaster = "none"
        self.world.rotate(f"rotated{next(self.world.source.numbers)}")

    def overwrite(self) -> None:
        """Put another file in the place of one; its event comes later."""
        known = [drop for drop in self.world.drops if drop.file_type]
        if known:
            self.late.append(self.drop(self.order.choice(known)))

    def change_schema(self) -> None:
        """Deploy another version of a type's YAML."""
        self.disaster = "none"
        name = self.order.choice(sorted(self.kinds))
        table = PAIRS_TABLE if name in PAIR else ""
        column = f"more_{next(self.world.source.numbers)}"
        self.world.write_schema(name, self.kinds[name], table, (column,))
