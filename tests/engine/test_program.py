"""The generated functions of a program: they agree with each other, and the steps lead to the payouts, at every edge of every layer."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from random import Random

import pytest

from engine import LIMIT, Edition
from engine.plan import Plan, cells
from engine.program import Program, Step
from engine.year import Bill, Outcome, World, Year, reach, settle, settle_with_working
from tests.fuzz.packs import random_edition, turns
from tests.shelf import SHELF

#: Distinct plans looked at in one random pack.
MOST_PLANS = 10
RANDOM_PACKS = 25

EDITIONS = [edition.pack.key for edition in SHELF.editions()]
#: Shipped packs by their key, random ones by their seed.
PACKS = [*EDITIONS, *range(RANDOM_PACKS)]


def shipped(key: str) -> Edition:
    """An edition by its key."""
    return next(edition for edition in SHELF.editions() if edition.pack.key == key)


@cache
def programs(pack: str | int) -> Sequence[tuple[Plan, Program]]:
    """The programs of every cell, one for each set of nodes that differs, with both ends of ranges; of a random pack some."""
    edition = shipped(pack) if isinstance(pack, str) else random_edition(Random(pack))
    every = [edition.program(cell, dict.fromkeys(edition.plan(cell).ranges, "high")) for cell in cells(edition.policy)]
    every += [edition.program(cell) for cell in cells(edition.policy)]
    distinct = {tuple((layer.key, layer.node) for layer in plan.paid()): (plan, program) for plan, program in every}
    found = list(distinct.values())
    return found if isinstance(pack, str) else Random(pack).sample(found, min(MOST_PLANS, len(found)))


def bills(plan: Plan, program: Program) -> Iterator[tuple[int, int]]:
    """Total and eligible cost around everything a layer changes its course at, wholly eligible and with self-funded cost beside."""
    for number, layer in enumerate(plan.paid()):
        for _, base in turns(layer.node):
            least = leaving(program, number, base)
            for eligible in (least - 1, least, least + 1, base - 1, base, base + 1):
                for total in (eligible, eligible + eligible // 3, eligible * 4):
                    if 0 <= eligible <= total <= LIMIT:
                        yield total, eligible
    yield from ((0, 0), (1, 0), (1, 1), (LIMIT, 0), (LIMIT, LIMIT))
    random = Random(0)
    for most in (LIMIT, 300_000_00, 300_000_00):
        yield from ((total, random.randint(0, total)) for total in (random.randint(0, most) for _ in range(20)))


def leaving(program: Program, number: int, base: int) -> int:
    """The least wholly eligible bill of which the layers before this one leave so much."""
    said = [0 for _ in program.said]
    return bisect_left(range(LIMIT), base, key=lambda bill: bill - sum(program.first(bill, bill, *said)[:number]))


def known(random: Random, names: Iterable[object], total: int) -> list[int]:
    """Amounts said of a bill or met in a year: often none, often beside the bill's own."""
    beside = (0, 0, total, total + 1, max(0, total - 1))
    return [random.choice((*beside, random.randint(0, 500_000_00), random.randint(0, LIMIT))) for _ in names]


def told(steps: Sequence[Step]) -> int:
    """The payout as a reader of the steps finds it."""
    pays = base = 0
    for step in steps:
        if step.key == "base":
            base = step.amount
        elif step.key in ("tier", "tier_about"):
            pays += step.amount
        elif step.key in ("paid_before", "paid_by_others"):
            pays = max(0, pays - step.amount)
        elif step.key == "ceiling":
            pays = max(0, base - step.amount)
        elif not step.key.startswith("deductible"):
            pays = step.amount
    return pays


@pytest.mark.parametrize("pack", PACKS)
def test_a_first_bill_is_one_of_an_empty_year(pack: str | int) -> None:
    """`first` gives what `numbers` gives with nought for every amount of the year, for every cell."""
    random = Random(1)
    for plan, program in programs(pack):
        empty = [0 for _ in program.year]
        for total, eligible in bills(plan, program):
            said = known(random, program.said, total)
            assert program.first(total, eligible, *said) == program.numbers(total, eligible, *said, *empty)


@pytest.mark.parametrize("pack", PACKS)
def test_working_pays_what_numbers_pay(pack: str | int) -> None:
    """With and without their working, on an empty year and on any other, the functions give the same amounts."""
    random = Random(2)
    for plan, program in programs(pack):
        for total, eligible in bills(plan, program):
            said, year = known(random, program.said, total), known(random, program.year, total)
            assert program.working(total, eligible, *said, *year)[0] == program.numbers(total, eligible, *said, *year)
            assert program.first_working(total, eligible, *said)[0] == program.first(total, eligible, *said)


@pytest.mark.parametrize("pack", PACKS)
def test_steps_lead_to_the_payout(pack: str | int) -> None:
    """What the steps of a layer say, one after the other, comes to its payout; a first bill has the same steps as one of an empty year."""
    random = Random(3)
    for plan, program in programs(pack):
        empty = [0 for _ in program.year]
        for total, eligible in bills(plan, program):
            said, year = known(random, program.said, total), known(random, program.year, total)
            amounts, steps = program.working(total, eligible, *said, *year)
            assert [told(lines) for lines in steps] == list(amounts[:-1])
            assert program.first_working(total, eligible, *said) == program.working(total, eligible, *said, *empty)


@pytest.mark.parametrize("pack", PACKS)
def test_numbers_are_what_bounds_come_to(pack: str | int) -> None:
    """On a year of which everything is known, the bounds of a plan, which evaluate its nodes themselves, are the payouts."""
    random = Random(5)
    for plan, program in programs(pack):
        for total, eligible in bills(plan, program):
            said = known(random, program.said, total)
            amounts = dict(zip(program.year, known(random, program.year, total), strict=True))
            paid, sums, peaks = ({each.account: amounts[each] for each in amounts if each.kind == kind} for kind in ("paid", "sum", "peak"))
            bill = Bill(total, total - eligible, 0, eligible, paid=tuple(zip(program.said, said, strict=True)))
            bounds = reach([World(frozenset(), plan, [Year(paid=paid, sums=sums, peaks=peaks)])], [bill]).payouts
            found = program.numbers(total, eligible, *said, *(amounts[each] for each in program.year))
            assert bounds == {key: (pays, pays) for key, pays in zip(program.layers, found, strict=False)}


@pytest.mark.parametrize("pack", PACKS)
def test_tiers_divide_what_is_above_the_deductible(pack: str | int) -> None:
    """The sums of cost that tiers were worked out on add up to the base less the deductible, for deductibles in whole fen."""
    for plan, program in programs(pack):
        for total, eligible in islice(bills(plan, program), 200):
            for steps in program.first_working(total, eligible, *(0 for _ in program.said))[1]:
                tiers = [step.of for step in steps if step.tier >= 0]
                deductible = next((step.amount for step in steps if step.key == "deductible"), None)
                if deductible is not None:
                    assert sum(tiers) == max(0, steps[0].amount - deductible)


@pytest.mark.parametrize("pack", PACKS)
def test_the_last_amount_is_what_no_layer_pays(pack: str | int) -> None:
    """Payouts and the last amount add up to the total, and no amount is less than nothing."""
    for plan, program in programs(pack):
        for total, eligible in bills(plan, program):
            amounts = program.first(total, eligible, *(0 for _ in program.said))
            assert len(amounts) == len(plan.paid()) + 1
            assert (sum(amounts), min(amounts) >= 0) == (total, True)


@pytest.mark.parametrize("key", EDITIONS)
def test_settling_takes_either_way(key: str) -> None:
    """`settle` comes to the same on an empty year, where it takes the shorter way, and on one in which every amount is nought."""
    edition = shipped(key)
    for cell in list(cells(edition.policy))[::7]:
        plan, program = edition.program(cell)
        noughts = {kind: {each.account: 0 for each in program.year if each.kind == kind} for kind in ("paid", "sum", "peak")}
        year = Year(paid=noughts["paid"], sums=noughts["sum"], peaks=noughts["peak"])
        for total, eligible in islice(bills(plan, program), 30):
            bill = Bill(total, total - eligible, 0, eligible, paid=tuple((key, eligible // 2) for key in program.said))
            short, long = settle(edition, cell, bill, Year(), {}), settle(edition, cell, bill, year, {})
            shown = settle_with_working(edition, cell, bill, year)
            assert short.amounts == long.amounts == shown.amounts == settle_with_working(edition, cell, bill, Year()).amounts
            assert shown.working.keys() == short.payouts.keys()


def test_parts_of_own_cost_add_up() -> None:
    """What a guarantee pays above eligible cost relieves the self-funded part first, then the first share; the three parts are own cost."""
    edition, random = shipped("anhui-bozhou/2022"), Random(4)
    relieved = set()
    for cell in [cell for cell in cells(edition.policy) if cell.insured][::7]:
        for _ in range(50):
            total = random.randint(1, 100_000_00)
            eligible = random.randint(0, total)
            first_share = random.randint(0, total - eligible)
            bill = Bill(total, total - eligible - first_share, first_share, eligible)
            outcome = settle(edition, cell, bill, Year(), {})
            assert (
                outcome.own == outcome.self_funded + outcome.first_share + outcome.eligible_unpaid == total - sum(outcome.payouts.values())
            )
            relieved.add(kept(outcome, bill))
    assert relieved == {(True, True), (False, True), (False, False)}


def kept(outcome: Outcome, bill: Bill) -> tuple[bool, bool]:
    """Whether the self-funded part and the first share are left whole."""
    return outcome.self_funded == bill.self_funded, outcome.first_share == bill.first_share


def test_programs_are_kept_and_can_be_read() -> None:
    """A program is made once a cell; its four functions can be read, and a program with upper ends is another one."""
    edition = next(edition for edition in SHELF.editions() if any(edition.plan(cell).ranges for cell in cells(edition.policy)))
    cell = next(cell for cell in cells(edition.policy) if edition.plan(cell).ranges)
    program = edition.program(cell)[1]
    assert program is edition.program(cell, {})[1]
    assert program.first is program.first
    assert [line.split("(")[0] for line in program.source.splitlines() if line.startswith("def ")] == [
        "def numbers",
        "def first",
        "def working",
        "def first_working",
    ]
    high = edition.program(cell, dict.fromkeys(edition.plan(cell).ranges, "high"))[1]
    assert high is not program
    assert high is edition.program(cell, dict.fromkeys(edition.plan(cell).ranges, "high"))[1]
