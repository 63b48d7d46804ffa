"""The makers of random packs and cases reach everything a pack can say, and all they make is answered or rejected as documented."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from random import Random
from typing import Any

import pytest

from engine import CaseError, Edition, Estimate, Policy, estimate, read_case
from engine.mechanisms.advice import Advice
from engine.mechanisms.bands import Bands, BandsNode
from engine.mechanisms.ceiling import Ceiling
from engine.mechanisms.deductible import ShareOfTotal
from engine.mechanisms.exists import Exists
from engine.mechanisms.top_up import TopUp
from engine.plan import Node, PaidLayer, Plan, SilentLayer, cells, lower
from engine.policy import ByCase, figures_of
from engine.quantities import Money, NoLimit
from engine.settling import Settling, open_case
from tests.fuzz.packs import random_case, random_edition, random_year, shelf_of, turns

#: One process makes the packs once for all tests of this file.
pytestmark = pytest.mark.xdist_group("fuzz")

SEEDS = range(60)
CASES = 12
TODAY = date(2024, 6, 1)


@cache
def editions() -> list[Edition]:
    return [random_edition(Random(seed)) for seed in SEEDS]


@cache
def plans() -> list[tuple[Policy, Plan]]:
    """The plans of a dozen cells of each pack."""
    chosen = ((edition.policy, list(cells(edition.policy))) for edition in editions())
    return [(policy, lower(policy, cell)) for policy, every in chosen for cell in every[:: max(1, len(every) // 12)]]


@cache
def answers() -> list[tuple[Edition, Estimate]]:
    """What the cases that are not rejected come to."""
    found = []
    for seed, edition in enumerate(editions()):
        random, shelf = Random(seed), shelf_of(edition)
        for _ in range(CASES):
            answer = answered(random_case(random, edition), shelf)
            found += [(edition, answer)] if answer else []
    return found


def answered(case: dict[str, Any], shelf: Any) -> Estimate | None:
    """The estimate of a case; None when it is rejected with a field and a code."""
    try:
        return estimate(read_case(case), shelf, TODAY)
    except CaseError as error:
        return None if all(fault.field and fault.code for fault in error.faults) else pytest.fail("a fault without a field or a code")


def simple(policy: Policy, kind: type) -> Iterator[Any]:
    """The layers and variants of a kind."""
    for layer in policy.layers.values():
        yield from (each for each in (layer.cases if isinstance(layer, ByCase) else (layer,)) if isinstance(each, kind))


def bands(holds: Callable[[Bands], object]) -> Callable[[Policy], bool]:
    return lambda policy: any(holds(layer) for layer in simple(policy, Bands))


def change(holds: Callable[[Any], object]) -> Callable[[Policy], bool]:
    return bands(lambda layer: any(holds(each) for each in layer.adjustments))


def excluded(reason: str) -> Callable[[Policy], bool]:
    return lambda policy: any(
        each.reason == reason for kind in (Bands, Ceiling) for layer in simple(policy, kind) for each in layer.excluded
    )


def deductible(holds: Callable[[ShareOfTotal], object]) -> Callable[[Policy], bool]:
    def held(layer: Bands) -> bool:
        return any(isinstance(entry.value, ShareOfTotal) and holds(entry.value) for entry in layer.deductible.values.values())

    return bands(held)


def cap(holds: Callable[[Any], object]) -> Callable[[Policy], bool]:
    return bands(lambda layer: any(holds(entry) for entry in layer.cap.values.values()))


def entries(policy: Policy, basis: str) -> list[str]:
    """Where the layers' figures of a basis stand."""
    return [
        ".".join(str(step) for step in location)
        for location, figure in figures_of(policy)
        for entry in figure.values.values()
        if entry.basis == basis
    ]


def figure(basis: str, name: str) -> Callable[[Policy], bool]:
    return lambda policy: any(name in place for place in entries(policy, basis))


def by(*keys: str) -> Callable[[Policy], bool]:
    return lambda policy: any(figure.by == keys for _, figure in figures_of(policy))


def out_of_catalogue(holds: Callable[[Any], object]) -> Callable[[Policy], bool]:
    return lambda policy: policy.hospital_bears.out_of_catalogue is not None and bool(holds(policy.hospital_bears.out_of_catalogue))


def fixed_price(covers: str) -> Callable[[Policy], bool]:
    return lambda policy: policy.hospital_bears.above_fixed_price is not None and policy.hospital_bears.above_fixed_price.covers == covers


def by_case(holds: Callable[[Any], object]) -> Callable[[Policy], bool]:
    return lambda policy: any(isinstance(layer, ByCase) and any(map(holds, layer.cases)) for layer in policy.layers.values())


def shares_a_cap(layer: Any) -> bool:
    """Variants of one layer that run on different sums under one cap."""
    caps = [(case.cap_account, case.account) for case in getattr(layer, "cases", ()) if isinstance(case, Bands) and case.cap_account]
    return len({name for name, _ in caps}) < len(set(caps))


def layers(number: int) -> Callable[[Policy], bool]:
    return lambda policy: len(policy.layers) == number


def tiers(number: int) -> Callable[[Policy], bool]:
    return bands(lambda layer: len(layer.tiers) == number)


MECHANISMS: dict[str, Callable[[Policy], object]] = {
    "bands per stay": bands(lambda layer: layer.over == "stay"),
    "bands per year": bands(lambda layer: layer.over == "year"),
    **{
        f"tiers from {start}": bands(lambda layer, start=start: layer.tiers_from == start)
        for start in ("deductible", "zero", "full_deductible")
    },
    **{f"{number} tiers": tiers(number) for number in range(1, 6)},
    **{f"{number} layers": layers(number) for number in range(1, 7)},
    "odd rates": bands(lambda layer: any(e.value and e.value.share.denominator > 200 for t in layer.tiers for e in t.rate.values.values())),
    "a fixed deductible": bands(lambda layer: any(isinstance(entry.value, Money) for entry in layer.deductible.values.values())),
    "a share of the total, rounded": deductible(lambda share: share.rounded),
    "a share of the total, not rounded": deductible(lambda share: not share.rounded),
    "a guarantee": bands(lambda layer: layer.at_least and not layer.at_least.when.model_fields_set),
    "a guarantee for some": bands(lambda layer: layer.at_least and layer.at_least.when.model_fields_set),
    "a cap of an amount": cap(lambda entry: isinstance(entry.value, Money)),
    "no cap": cap(lambda entry: isinstance(entry.value, NoLimit)),
    "a cap that is unknown": cap(lambda entry: entry.basis == "unknown"),
    "a cap known as a range": cap(lambda entry: entry.basis == "range"),
    "an account": bands(lambda layer: layer.account),
    "a cap account": bands(lambda layer: layer.cap_account),
    "a cap shared by variants": lambda policy: any(map(shares_a_cap, policy.layers.values())),
    "needs": bands(lambda layer: layer.needs),
    "left out before joining": bands(lambda layer: layer.over == "year" and layer.before_joining == "left_out"),
    "counted before joining": bands(lambda layer: layer.over == "year" and layer.before_joining == "counted"),
    "a factor on the deductible": change(lambda each: each.deductible),
    "points added": change(lambda each: each.rate and any(e.value and e.value.value > 0 for e in each.rate.values.values())),
    "points taken": change(lambda each: each.rate and any(e.value and e.value.value < 0 for e in each.rate.values.values())),
    "a cap replaced": change(lambda each: each.cap),
    **{
        f"an adjustment by {fact}": change(lambda each, fact=fact: getattr(each.when, fact) is not None)
        for fact in ("category", "facility", "registered", "age", "later")
    },
    **{f"{reason} stays excluded": excluded(reason) for reason in ("unregistered", "care", "facility")},
    **{f"a top-up of {of}": lambda policy, of=of: any(layer.of == of for layer in simple(policy, TopUp)) for of in ("eligible", "total")},
    **{
        f"the {which} ceiling": lambda policy, which=which: any(layer.of_several == which for layer in simple(policy, Ceiling))
        for which in ("highest", "latest")
    },
    "an amount nobody knows": lambda policy: any(layer.absorbed_by is None for layer in simple(policy, Exists)),
    "one that is absorbed": lambda policy: any(layer.absorbed_by for layer in simple(policy, Exists)),
    "advice": lambda policy: any(simple(policy, Advice)),
    "variants by case": lambda policy: any(isinstance(layer, ByCase) for layer in policy.layers.values()),
    "a variant for the uninsured": by_case(lambda case: case.applies_to.insured is False),
    "out-of-catalogue of billed": out_of_catalogue(lambda rule: rule.of == "billed"),
    "out-of-catalogue without excess": out_of_catalogue(lambda rule: rule.of == "without_excess"),
    "a rounded excess": out_of_catalogue(lambda rule: rule.rounded == "excess"),
    "a rounded limit": out_of_catalogue(lambda rule: rule.rounded == "limit"),
    "a facility without a share": lambda policy: out_of_catalogue(lambda rule: len(rule.share_of_total.values) < len(policy.facilities))(
        policy
    ),
    **{f"a fixed price covers {covers}": fixed_price(covers) for covers in ("bill", "bill_without_excess", "eligible")},
    "the first share is the patient's": lambda policy: policy.first_share == "patient",
    "the first share is eligible": lambda policy: policy.first_share == "eligible",
    "age groups": lambda policy: policy.ages,
    "later stays": lambda policy: policy.later_stays,
    "referral somewhere only": lambda policy: len(policy.referral.required_at) < len(policy.facilities),
    "emergencies exempt": lambda policy: policy.referral.emergency_exempt,
    "emergencies not exempt": lambda policy: not policy.referral.emergency_exempt,
    **{
        f"{basis} {name}": figure(basis, name)
        for basis in ("range", "unknown")
        for name in ("rate", "deductible", "cap", "up_to", "at_most")
    },
    **{f"figures by {key}": by(key) for key in ("category", "facility", "care", "age")},
    "figures by two keys": lambda policy: any(len(each.by) == 2 for _, each in figures_of(policy)),
}


def silent(holds: Callable[[SilentLayer], object]) -> Callable[[Plan], bool]:
    return lambda plan: any(isinstance(layer, SilentLayer) and holds(layer) for layer in plan.layers)


def paid(holds: Callable[[PaidLayer, BandsNode], object]) -> Callable[[Plan], bool]:
    return lambda plan: any(isinstance(layer.node, BandsNode) and holds(layer, layer.node) for layer in plan.paid())


PLANS: dict[str, Callable[[Plan], object]] = {
    **{f"{number} ranges in one plan": lambda plan, number=number: len(plan.ranges) == number for number in range(6)},
    **{
        f"not applicable: {reason}": silent(lambda layer, reason=reason: (layer.status, layer.reason) == ("not_applicable", reason))
        for reason in ("category", "care", "facility", "unregistered", "uninsured", "insured")
    },
    "not computable: a figure": silent(lambda layer: layer.reason == "unknown_figure"),
    "not computable: needs": silent(lambda layer: layer.reason == "needs"),
    "advice": silent(lambda layer: layer.status == "advice"),
    "counted though not paid": silent(lambda layer: layer.counts),
    "what a case says of an unknown layer": lambda plan: plan.cell.said,
    "a cap that is unknown": paid(lambda layer, node: layer.cap_unknown),
    "a guarantee": paid(lambda layer, node: node.guarantee),
    "a cap under another account": paid(lambda layer, node: node.cap is not None and node.cap_account != node.account),
    "somebody uninsured who is paid": lambda plan: not plan.cell.insured and plan.paid(),
    "a share the hospital is bound by": lambda plan: plan.borne.share is not None,
}


@pytest.mark.parametrize("name", MECHANISMS)
def test_packs_reach_every_mechanism(name: str) -> None:
    """Among sixty packs each mechanism and modifier occurs."""
    assert any(MECHANISMS[name](edition.policy) for edition in editions())


@pytest.mark.parametrize("name", PLANS)
def test_plans_reach_every_shape(name: str) -> None:
    """Among the plans of sixty packs each way a layer may be settled or left out occurs."""
    assert any(PLANS[name](plan) for _, plan in plans())


def test_deductibles_reach_above_tiers() -> None:
    """Where tiers are counted from zero, some fall away below the deductible."""
    laid = [(policy.layers[layer.key], layer.node) for policy, plan in plans() for layer in plan.paid()]
    assert any(len(node.tiers) < len(layer.tiers) for layer, node in laid if isinstance(layer, Bands) and isinstance(node, BandsNode))


def test_packs_stay_small() -> None:
    """No pack has more than four categories, four levels of hospital, three kinds of care and six layers."""
    sizes = [(len(p.categories), len(p.facilities), len(p.care), len(p.layers)) for p in (edition.policy for edition in editions())]
    assert all(2 <= categories <= 4 and 2 <= facilities <= 4 for categories, facilities, _, _ in sizes)
    assert all(1 <= cares <= 3 and 1 <= number <= 6 for _, _, cares, number in sizes)


def test_the_money_of_every_case_adds_up() -> None:
    """What the layers pay, the hospital bears and the person pays is the total; nothing but a documented rejection is ever raised."""
    sums = [(a.case.total, a.paid + a.hospital_borne + a.out_of_pocket.amount) for _, a in answers() if a.out_of_pocket]
    assert len(sums) > 600
    assert [pair for pair in sums if pair[0] != pair[1]] == []


def test_every_part_of_an_answer_is_within_its_ends() -> None:
    """No part of own cost, no payout and nothing the hospital bears is below nothing, and own cost lies between its ends."""
    for _, answer in answers():
        own = answer.out_of_pocket
        if own is not None:
            payouts = [layer.payout for layer in answer.layers]
            assert min(own.self_funded, own.first_share, own.eligible_unpaid, answer.hospital_borne, *payouts) >= 0
            assert 0 <= own.low <= own.amount <= own.high <= answer.case.total


def test_cases_meet_every_answer() -> None:
    """Cases are computed, partial and refused, and a few are rejected."""
    assert {answer.status for _, answer in answers()} == {"computed", "partial", "refused"}
    assert 0.9 < len(answers()) / (CASES * len(SEEDS)) < 1


def test_cases_leave_every_fact_out_and_tell_it() -> None:
    """Each optional fact of a case is told in some cases and left out in others."""
    for name in ("on", "self_funded", "first_share", "registered", "emergency", "age", "fixed_price"):
        assert {getattr(answer.case, name) is None for _, answer in answers()} == {True, False}


@pytest.mark.parametrize("kind", ["deductible", "tier", "cap", "ceiling"])
def test_cases_stand_beside_the_edges(kind: str) -> None:
    """Some layer runs on exactly the cost at which it changes its course, on one fen less and on one fen more."""
    assert {beside for named, beside in _beside() if named == kind} == {-1, 0, 1}


@cache
def _beside() -> set[tuple[str, int]]:
    """On which side of which edges the layers of the answers ran, where it is one fen at most."""
    found = set()
    for edition, answer in answers():
        nodes = {layer.key: layer.node for layer in _plan(edition, answer).paid()} if answer.layers else {}
        for layer in answer.layers:
            bases = [step.amount for step in layer.steps if step.key == "base"]
            found |= {(kind, base - turn) for base in bases for kind, turn in _turns(nodes[layer.key])}
    return {(kind, beside) for kind, beside in found if abs(beside) <= 1}


@cache
def _turns(node: Node) -> tuple[tuple[str, int], ...]:
    return tuple(turns(node))


def _plan(edition: Edition, answer: Estimate) -> Plan:
    settling = open_case(answer.case, shelf_of(edition))
    assert isinstance(settling, Settling)
    return settling.plan


def test_years_are_one_person_in_one_year_oldest_first() -> None:
    """A year has one to eight cases with days that rise within one year; taken as earlier settlements of the last they are answered."""
    lengths = set()
    for seed, edition in enumerate(editions()[:20]):
        year = random_year(Random(seed), edition)
        lengths.add(len(year))
        days = [case["on"] for case in year]
        assert days == sorted(days)
        assert len({day[:4] for day in days}) == 1
        assert answered(year[-1] | {"earlier": year[:-1]}, shelf_of(edition)) is not None
    assert {min(lengths), max(lengths)} == {1, 8}


def test_years_change_what_a_person_may_change() -> None:
    """Within some years category, facility, care and registration change, and age or self-funded part is told only of some stays."""
    years = [random_year(Random(seed), edition) for seed, edition in enumerate(editions())]
    for name in ("category", "facility", "care", "registered", "age", "self_funded"):
        assert any(len({case.get(name) for case in year}) > 1 for year in years)


def test_the_same_seed_makes_the_same() -> None:
    """Packs, cases and years follow from the seed alone, so that a difference can be met again."""
    one, two = (random_edition(Random(7)) for _ in range(2))
    assert one.pack.digest == two.pack.digest
    assert random_case(Random(7), one) == random_case(Random(7), two)
    assert random_year(Random(7), one) == random_year(Random(7), two)
