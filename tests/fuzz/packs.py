"""Random rule packs that the engine accepts, and random cases that stand at their edges.

A pack is made as the plain values its YAML would hold, written down as JSON (which is YAML) and read by the project's own reading, so
nothing here knows how a policy is lowered. The same `Random` gives the same pack and the same cases.

What the engine refuses (see tests/bad) is mostly not drawn, so that few packs are thrown away: a guarantee after another layer or over
a year, ranges that are upside down or of which mixed ends fail, a share of a year, a share the hospital bears without one figure.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from engine import CARES, CATEGORIES, FACILITIES, LAYERS, LIMIT, Edition, PackError, Policy, Shelf, read_edition, yuan
from engine.bounds import payout
from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.deductible import FixedDeductible, ShareOfTotal
from engine.plan import Node, Plan, cells
from engine.policy import figures_of
from engine.program import Program, inputs
from engine.quantities import Money

#: A figure's number in the unit it is drawn in: fen, hundredths of a percent, of a point or of a factor.
Draw = Callable[[Random], int]
Raw = dict[str, Any]

_FIRM: Raw = {"basis": "stated", "source": "rules"}
_MODEL_CELLS = 8


# --- packs


@dataclass(slots=True)
class _Draft:
    """A pack on its way: the keys it may use, how many more figures may be ranges or unknown, and how readily one is a range."""

    random: Random
    categories: list[str]
    facilities: list[str]
    cares: list[str]
    ages: bool
    later: bool
    ranges: int
    unknown: int
    ranged: float

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, keys: Sequence[str]) -> list[str]:
        """At least one of the keys, in their order."""
        return [key for key in keys if self.chance(0.5)] or [self.random.choice(keys)]

    def spend(self, kind: str, share: float) -> bool:
        """Whether one more figure of a kind (`ranges`, `unknown`) is written."""
        left = getattr(self, kind)
        if left == 0 or not self.chance(share):
            return False
        setattr(self, kind, left - 1)
        return True


def random_edition(random: Random) -> Edition:
    """A pack that the engine has read and proved."""
    while True:
        with suppress(PackError):
            return _read(_pack(random))


def shelf_of(edition: Edition) -> Shelf:
    """A shelf with this edition alone."""
    return Shelf({edition.policy.place: (edition,)})


def _read(pack: Raw) -> Edition:
    with TemporaryDirectory() as folder:
        path = Path(folder, pack["place"], f"{pack['edition']}.yaml")
        path.parent.mkdir()
        path.write_text(json.dumps(pack), encoding="utf-8")
        return read_edition(path)


def _pack(random: Random) -> Raw:
    draft = _draft(random)
    begins = date(random.randrange(2018, 2024), random.choice((1, 1, 4, 7)), 1)
    text = {"zh": "x", "en": "x"}
    until = date(begins.year + random.randrange(1, 3), random.choice((6, 12)), 30)
    horizon = {"valid_from": begins.isoformat(), "verified_until": until.isoformat(), "earlier_rules": text, "later_rules": text}
    pack: Raw = {
        "place": "fuzz-" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=8)),
        "edition": str(begins.year),
        "name": text,
        "title": text,
        "horizon": horizon,
        "hotline": "12393",
        "sources": {"rules": {"title": "x"}},
        "categories": draft.categories,
        "facilities": draft.facilities,
        "care": draft.cares,
        "first_share": random.choice(("patient", "eligible")),
        "referral": {"required_at": draft.some(draft.facilities), "emergency_exempt": draft.chance(0.5), **_FIRM},
        "hospital_bears": _hospital_bears(draft),
        "layers": _layers(draft),
    }
    if "share_above_deductible" in json.dumps(pack["layers"]) and draft.chance(0.8):
        # Beside a guarantee the hospital bears something of other stays at most.
        del pack["hospital_bears"]
    if draft.ages:
        pack["ages"] = {"child": {"up_to": str(random.choice((0, 6, 14, 18, 59))), **_FIRM}}
    if draft.later:
        pack["later_stays"] = _when(draft, ("care", "facility"), least=0)
    return pack


def _draft(random: Random) -> _Draft:
    return _Draft(
        random,
        random.sample(CATEGORIES, random.randint(2, 4)),
        random.sample(FACILITIES, random.randint(2, 4)),
        random.sample(CARES, random.randint(1, 3)),
        ages=random.random() < 0.5,
        later=random.random() < 0.4,
        ranges=random.choice((0, 0, 0, 0, 1, 2, 3, 4, 5, 5)),
        unknown=random.choice((0, 0, 1, 2)),
        ranged=random.choice((0.1, 0.2, 0.8)),
    )


def _layers(draft: _Draft) -> Raw:
    """Layers in the order in which they pay; the first one mostly settles each stay by bands."""
    keys = draft.random.sample(LAYERS, draft.random.choice((1, 2, 2, 3, 3, 4, 5, 6)))
    layers: Raw = {}
    for number, key in enumerate(keys):
        before, after = keys[:number], keys[number + 1 :]
        plain = not before and draft.chance(0.5)
        layers[key] = _bands(draft, before, after, over="stay") if plain else _layer(draft, before, after)
    return layers


def _layer(draft: _Draft, before: list[str], after: list[str]) -> Raw:
    make = draft.random.choices((_bands, _top_up, _ceiling, _exists, _advice, _by_case), (9, 2, 4, 1, 1, 5))[0]
    return make(draft, before, after)


def _by_case(draft: _Draft, before: list[str], after: list[str]) -> Raw:
    """Variants for different people or care, one of them often for the uninsured."""
    variants = [draft.random.choices((_bands, _top_up, _ceiling, _exists, _advice), (8, 1, 1, 1, 1))[0] for _ in range(2)]
    cases = [make(draft, before, after) for make in variants]
    for case in cases:
        case["applies_to"] = _when(draft, ("category", "facility", "care", "age", "registered", "later"))
    if draft.chance(0.5):
        make = draft.random.choice((_bands, _bands, _top_up, _exists))
        cases.insert(draft.random.randrange(3), make(draft, before, after) | {"applies_to": {"insured": False}})
    if draft.chance(0.3):
        _share_a_cap(case for case in cases if case["pays"] == "bands")
    return {"pays": "by_case", "cases": cases}


def _share_a_cap(variants: Iterable[Raw]) -> None:
    """Variants that keep sums of their own under one cap of the year."""
    for name, variant in zip(("one", "two", "three"), variants, strict=False):
        variant |= {"account": name, "cap_account": "shared"}


def _when(draft: _Draft, names: Sequence[str], least: int = 1) -> Raw:
    """A condition on one or two of these facts, or on none when `least` is 0."""
    lists = {"category": draft.categories, "facility": draft.facilities, "care": draft.cares, "age": ["child", "adult"]}
    usable = [name for name in names if (name != "age" or draft.ages) and (name != "later" or draft.later)]
    asked = draft.random.sample(usable, draft.random.randint(least, min(2, len(usable))))
    return {name: draft.some(lists[name]) if name in lists else draft.chance(0.4) for name in asked}


def _bands(draft: _Draft, before: list[str], after: list[str], over: str = "") -> Raw:
    over = over or draft.random.choice(("stay", "year"))
    changes = draft.random.choice((0, 0, 1, 2))
    start = draft.random.choice(("deductible", "zero", "full_deductible"))
    shared = start == "deductible" and over == "stay" and draft.chance(0.5)
    layer: Raw = {
        "pays": "bands",
        "base": "eligible_unpaid" if before else "eligible",
        "over": over,
        "deductible": _deductible(draft, shared=shared, changed=bool(changes)),
        "tiers_from": start,
        "tiers": _tiers(draft, changed=bool(changes)),
        "cap": _cap(draft),
        "before_joining": draft.random.choice(("counted", "left_out")),
    }
    if changes:
        layer["adjustments"] = [_adjustment(draft) for _ in range(changes)]
    return layer | _modifiers(draft, before, over)


def _modifiers(draft: _Draft, before: list[str], over: str) -> Raw:
    found: Raw = {}
    if draft.chance(0.4):
        found |= _applies_to(draft)
    if draft.chance(0.3):
        found["excluded"] = _excluded(draft)
    if not before and over == "stay" and draft.chance(0.3):
        found["at_least"] = _guarantee(draft)
    if draft.chance(0.3):
        found["account"] = draft.random.choice(("one", "two"))
    if draft.chance(0.3):
        found["cap_account"] = draft.random.choice(("one", "two", "shared"))
    if before and draft.chance(0.15):
        found["needs"] = draft.some(before)[:2]
    return found


def _guarantee(draft: _Draft) -> Raw:
    floor: Raw = {"share_above_deductible": _figure(draft, _rate_within(1000, 6000), _rate)}
    return floor | ({"when": _when(draft, ("registered", "category"))} if draft.chance(0.5) else {})


def _excluded(draft: _Draft) -> list[Raw]:
    reason = draft.random.choice(("unregistered", "care", "facility"))
    when = {"registered": False} if reason == "unregistered" else _when(draft, (reason,))
    return [{"when": when, "reason": reason, **_FIRM}]


def _adjustment(draft: _Draft) -> Raw:
    """A change of deductible, rate or cap; factors and points stay such that two of them and every end of a range can stand together."""
    parts: Raw = {
        "deductible": _figure(draft, lambda random: random.choice((0, 25, 50, 75, 150, 200)), _factor),
        "rate": _figure(draft, lambda random: random.choice((-1000, -500, -333, 125, 500, 1000)), _points),
        "cap": _cap(draft),
    }
    when = _when(draft, ("category", "facility", "registered", "age", "later"), least=0 if draft.chance(0.1) else 1)
    return {"when": when} | {name: parts[name] for name in draft.some(list(parts))}


def _deductible(draft: _Draft, *, shared: bool, changed: bool) -> Raw:
    if shared:
        return _figure(draft, lambda random: random.choice((500, 1000, 1250, 2000, 2500, 3000)), _share_of_total(draft))
    return _figure(draft, lambda random: _threshold(random, whole=changed), _money)


def _threshold(random: Random, *, whole: bool) -> int:
    """A deductible; one that factors are laid on is in hundreds of yuan, so that it stays in whole fen."""
    fen = random.choice((0, 10_000, 50_000, 110_000, 600_000, random.randrange(200) * 10_000))
    return fen if whole else fen + random.choice((0, 0, 1, 99, 12_345))


def _share_of_total(draft: _Draft) -> Callable[[int], Raw]:
    """How the shares of one figure are written: with the share rises what is deducted at least and at most, by whole fen at any factor."""
    least, width, step = draft.random.randrange(30) * 10_000, draft.random.randrange(100) * 10_000, draft.random.choice((0, 80, 160))
    rounded = draft.chance(0.5)

    def write(share: int) -> Raw:
        floor = least + share * step
        return {"share_of_total": _rate(share), "at_least": _money(floor), "at_most": _money(floor + width), "rounded": rounded}

    return write


def _tiers(draft: _Draft, *, changed: bool) -> list[Raw]:
    """One to five tiers. Each edge has a stretch of its own, so that edges rise whatever they vary by and whichever end is taken."""
    count = draft.random.randrange(5)
    cuts = sorted(draft.random.sample(range(1, 2000), 2 * count))
    stretches = [(cuts[2 * number] * 10_000, cuts[2 * number + 1] * 10_000) for number in range(count)]
    rate = _rate_within(2000, 8000) if changed else _rate_within(0, 10_000)
    closed = [{"up_to": _figure(draft, _fen_within(*stretch), _money), "rate": _figure(draft, rate, _rate)} for stretch in stretches]
    return [*closed, {"rate": _figure(draft, rate, _rate)}]


def _cap(draft: _Draft) -> Raw:
    if draft.chance(0.3):
        return {"value": "none", **_FIRM}
    if draft.chance(0.1):
        return {"basis": "unknown", "source": "rules"}
    if draft.spend("ranges", 0.25):
        return {"basis": "range", "source": "rules", "low": "20000 yuan", "high": "none"}
    return _figure(draft, lambda random: random.choice((0, 100_000, 2_000_001, 15_000_000, random.randrange(30_000_000))), _money)


def _top_up(draft: _Draft, before: list[str], after: list[str]) -> Raw:
    to = _figure(draft, _rate_within(3000, 10_000), _rate)
    return {"pays": "top_up", "to": to, "of": draft.random.choice(("eligible", "total"))} | _applies_to(draft)


def _ceiling(draft: _Draft, before: list[str], after: list[str]) -> Raw:
    layer: Raw = {
        "pays": "ceiling",
        "at_most": _figure(draft, _fen_within(0, 3_000_000), _money),
        "of_several": draft.random.choice(("highest", "latest")),
        "before_joining": draft.random.choice(("counted", "left_out")),
    }
    return layer | ({"excluded": _excluded(draft)} if draft.chance(0.4) else {}) | _applies_to(draft)


def _exists(draft: _Draft, before: list[str], after: list[str]) -> Raw:
    absorbed = {"absorbed_by": draft.random.choice(after)} if after and draft.chance(0.5) else {}
    return {"pays": "exists", "amount": {"basis": "unknown", "source": "rules"}} | absorbed | _applies_to(draft)


def _advice(draft: _Draft, before: list[str], after: list[str]) -> Raw:
    missing = {name: {"basis": "unknown", "source": "rules"} for name in ("threshold", "rate", "cap")}
    return {"pays": "advice", "applies_to": {}} | missing | _applies_to(draft)


def _applies_to(draft: _Draft) -> Raw:
    if draft.chance(0.05):
        return {"applies_to": {"insured": False}}
    return {"applies_to": _when(draft, ("category", "facility", "care"))} if draft.chance(0.5) else {}


def _hospital_bears(draft: _Draft) -> Raw:
    bears: Raw = {}
    if draft.chance(0.5):
        facilities = draft.some(draft.facilities) if draft.chance(0.5) else draft.facilities
        share = {"by": "facility", **_FIRM, "values": {key: _rate(_rate_within(0, 6000)(draft.random)) for key in facilities}}
        of, rounded = draft.random.choice(("billed", "without_excess")), draft.random.choice(("excess", "limit"))
        when = _when(draft, ("category", "care"), least=0)
        bears["out_of_catalogue"] = {"applies_to": when, "share_of_total": share, "of": of, "rounded": rounded}
    if draft.chance(0.5):
        covers = draft.random.choice(("bill", "bill_without_excess", "eligible"))
        bears["above_fixed_price"] = {"applies_to": _when(draft, ("category", "care"), least=0), "covers": covers, **_FIRM}
    return bears


def _figure(draft: _Draft, draw: Draw, write: Callable[[int], Any]) -> Raw:
    """A figure, the same for everybody or by one or two keys. One drawn as a range is one for most of its keys."""
    lists = {"facility": draft.facilities, "category": draft.categories, "care": draft.cares}
    lists |= {"age": ["child", "adult"]} if draft.ages else {}
    by = draft.random.sample(list(lists), draft.random.choice((0, 0, 0, 0, 1, 1, 2)))
    ranged = 0.9 if draft.spend("ranges", draft.ranged) else 0.0

    def entry() -> Raw:
        return _entry(draft, draw, write, ranged)

    return {"by": by, **_FIRM, "values": _values([lists[key] for key in by], entry)} if by else _FIRM | entry()


def _values(lists: list[list[str]], entry: Callable[[], Raw]) -> Raw:
    return {key: _values(lists[1:], entry) if len(lists) > 1 else entry() for key in lists[0]}


def _entry(draft: _Draft, draw: Draw, write: Callable[[int], Any], ranged: float) -> Raw:
    if draft.spend("unknown", 0.06):
        return {"basis": "unknown"}
    if draft.chance(ranged):
        low, high = sorted((draw(draft.random), draw(draft.random)))
        return {"basis": "range", "low": write(low), "high": write(high)}
    return {"value": write(draw(draft.random))}


def _fen_within(least: int, most: int) -> Draw:
    """Odd fen, whole yuan or hundreds of yuan. `least` is in hundreds of yuan itself."""

    def draw(random: Random) -> int:
        unit = random.choice((1, 100, 10_000))
        return random.randint(least, most) // unit * unit

    return draw


def _rate_within(least: int, most: int) -> Draw:
    """Rates that are round, odd (33.3%, 67.25%) or anything."""
    odd = [rate for rate in (0, 3330, 3333, 5000, 6000, 6725, 7500, 8000, 9999, 10_000) if least <= rate <= most]
    return lambda random: random.choice((*odd, random.randint(least, most), random.randint(least, most) // 500 * 500))


def _money(fen: int) -> str:
    return f"{yuan(fen)} yuan"


def _rate(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def _points(hundredths: int) -> str:
    return f"{'-' if hundredths < 0 else '+'}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d} points"


def _factor(hundredths: int) -> str:
    return f"x{hundredths // 100}.{hundredths % 100:02d}"


# --- cases


@dataclass(frozen=True, slots=True)
class _Known:
    """What is drawn from for one edition, worked out once: amounts at its edges, shares the hospital's limits are, its days and keys."""

    policy: Policy
    amounts: tuple[int, ...]
    shares: tuple[Fraction, ...]
    ages: tuple[int | None, ...]
    fixed_price: float
    first: date
    days: int


#: By the digest of the pack, as an edition itself has no hash.
_KNOWN: dict[str, _Known] = {}


def random_case(random: Random, edition: Edition) -> Raw:
    """A case of this edition's place: mostly its rules answer, sometimes they refuse, now and then it is wrong in itself."""
    known = _known(edition)
    case = _person(random, known) | _bill(random, known)
    if random.random() < 0.8:
        case["on"] = _day(random, known.first, known.days).isoformat()
    if random.random() < 0.02:
        case["on"] = _day(random, known.first - timedelta(900), known.days + 1800).isoformat()
    if random.random() < 0.02:
        case["category"], case["facility"] = random.choice(CATEGORIES), random.choice(FACILITIES)
    if random.random() < 0.02:
        case |= random.choice(_WRONG)
    return case


#: What is wrong in itself: every case with one of these is rejected.
_WRONG: tuple[Raw, ...] = (
    {"total": "100000000.01"},
    {"total": "-0.01"},
    {"total": "0.001"},
    {"total": "0.00", "self_funded": "0.01"},
    {"category": "nobody"},
    {"care": "dental"},
    {"registered": "yes"},
    {"age": 131},
    {"on": "2022-02-30"},
    {"unknown_key": "1"},
)


def random_year(random: Random, edition: Edition) -> list[Raw]:
    """One to eight cases of one person in one calendar year, oldest first, within the amounts a year may come to."""
    known = _known(edition)
    first = date(_day(random, known.first, known.days).year, 1, 1)
    last = min(first.replace(month=12, day=31), known.first + timedelta(known.days))
    first = first if random.random() < 0.02 else max(first, known.first)
    days = sorted(_day(random, first, (last - first).days) for _ in range(random.randint(1, 8)))
    person = _person(random, known)
    bills = [_changed(random, known, person) | _bill(random, known, LIMIT // 8) | {"on": day.isoformat()} for day in days]
    return [{key: value for key, value in bill.items() if value is not None} for bill in bills]


def _changed(random: Random, known: _Known, person: Raw) -> Raw:
    """The person as one of the year's cases has it: another category now and then, the age told or not."""
    category = random.choice(known.policy.categories) if random.random() < 0.15 else person["category"]
    return person | {"category": category} | ({"age": None} if random.random() < 0.2 else {})


def _person(random: Random, known: _Known) -> Raw:
    person: Raw = {"place": known.policy.place, "category": random.choice(known.policy.categories)}
    if (insured := random.choices((None, True, False), (70, 20, 10))[0]) is not None:
        person["insured"] = insured
    if (age := random.choice(known.ages)) is not None:
        person["age"] = age
    if random.random() < 0.2:
        person["expired_ok"] = random.random() < 0.5
    return person


def _bill(random: Random, known: _Known, most: int = LIMIT) -> Raw:
    total = _amount(random, known, most)
    bill: Raw = {"facility": random.choice(known.policy.facilities), "total": yuan(total)}
    if (care := random.choice((*known.policy.care, None))) is not None or "inpatient" not in known.policy.care:
        bill["care"] = care or known.policy.care[0]
    for name in ("registered", "emergency"):
        if (said := random.choice((None, True, False))) is not None:
            bill[name] = said
    self_funded = _self_funded(random, known, total)
    if self_funded is not None:
        bill["self_funded"] = yuan(self_funded)
    if random.random() < 0.3:
        bill["first_share"] = yuan(_part(random, known, total - (self_funded or 0)))
    if random.random() < known.fixed_price:
        bill["fixed_price"] = yuan(_part(random, known, total) if random.random() < 0.8 else _amount(random, known, LIMIT))
    return bill


def _amount(random: Random, known: _Known, most: int) -> int:
    """At an edge or one fen beside it, of any size, or anywhere; never above `most`."""
    way = random.random()
    if way < 0.6:
        return min(most, random.choice(known.amounts))
    return random.randrange(10 ** random.randrange(3, 10)) if way < 0.95 else random.randint(0, most)


def _self_funded(random: Random, known: _Known, total: int) -> int | None:
    """Unsaid, nothing, at the hospital's limit, or what leaves an edge."""
    way = random.random()
    if way < 0.2:
        return None
    if way < 0.5:
        return 0
    if way < 0.7 and known.shares:
        share = random.choice(known.shares)
        return min(total, max(0, total * share.numerator // share.denominator + random.randint(-1, 1)))
    return _part(random, known, total)


def _part(random: Random, known: _Known, whole: int) -> int:
    """Nothing, one fen, all, all but one fen, what leaves an edge, or any part of a whole."""
    edge = whole - random.choice(known.amounts)
    return min(whole, max(0, random.choice((0, 1, whole, whole - 1, edge, edge, edge, random.randint(0, whole)))))


def _day(random: Random, first: date, days: int) -> date:
    return first + timedelta(random.choice((0, days, random.randint(0, days))))


def _known(edition: Edition) -> _Known:
    found = _KNOWN.get(edition.pack.digest)
    if found is None:
        found = _KNOWN[edition.pack.digest] = _knowledge(edition)
    return found


def _knowledge(edition: Edition) -> _Known:
    policy, horizon = edition.policy, edition.policy.horizon
    rule, price = policy.hospital_bears.out_of_catalogue, policy.hospital_bears.above_fixed_price
    shares = {entry.value.share for entry in rule.share_of_total.values.values() if entry.value} if rule else set()
    edges = {0, LIMIT, *_written(policy), *_reached(edition)}
    amounts = sorted({amount for edge in edges for amount in (edge - 1, edge, edge + 1) if 0 <= amount <= LIMIT})
    borders = [age for group in policy.ages.values() for age in (group.up_to, group.up_to + 1)]
    return _Known(
        policy,
        tuple(amounts),
        tuple(sorted(shares)),
        (None, 0, 30, 130, *borders),
        0.6 if price else 0.05,
        horizon.valid_from,
        (horizon.verified_until - horizon.valid_from).days,
    )


def _written(policy: Policy) -> Iterator[int]:
    """Every amount of money that stands in a pack, in fen."""
    for _, figure in figures_of(policy):
        for entry in figure.values.values():
            for value in (entry.value, entry.low, entry.high):
                ends: Iterable[Any] = (value.at_least, value.at_most) if isinstance(value, ShareOfTotal) else (value,)
                yield from (end.fen for end in ends if isinstance(end, Money))


def _reached(edition: Edition) -> Iterator[int]:
    """The bills at which the layers of some cells reach their edges, later ones through what earlier ones leave."""
    every = [cell for cell in cells(edition.policy) if not cell.said]
    for cell in every[:: max(1, len(every) // _MODEL_CELLS)]:
        plan, program = edition.program(cell)
        nothing = [0 for layer in plan.paid() for _ in inputs(layer)]
        for number, base in _bases(plan):
            yield _leaving(program, nothing, number, base)


def _bases(plan: Plan) -> Iterator[tuple[int, int]]:
    """Each layer's number with the costs it changes its course at."""
    for number, layer in enumerate(plan.paid()):
        yield from ((number, base) for _, base in turns(layer.node))


def turns(node: Node) -> Iterator[tuple[str, int]]:
    """The costs at which a layer changes its course, each with what begins or ends there."""
    if isinstance(node, CeilingNode):
        yield "ceiling", node.at_most
    if isinstance(node, BandsNode):
        rule = node.deductible
        for start in (rule.fen,) if isinstance(rule, FixedDeductible) else (rule.floor, rule.ceiling):
            yield "deductible", start
            yield from (("tier", start + tier.up_to) for tier in node.tiers if tier.up_to is not None)
        if node.cap is not None:
            yield "cap", bisect_left(range(LIMIT), node.cap, key=lambda base: payout(node, base, base))


def _leaving(program: Program, nothing: list[int], number: int, base: int) -> int:
    """The least wholly eligible bill of which the layers before this one leave so much."""
    if number == 0:
        return base
    return bisect_left(range(LIMIT), base, key=lambda bill: bill - sum(program.numbers(bill, bill, *nothing)[:number]))
