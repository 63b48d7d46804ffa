"""What a household pays for a year's insurance, and what the government pays of it for them (资助参保). Pure, like an estimate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from engine.case import faults_of
from engine.doubts import doubts
from engine.errors import CaseError, Fault
from engine.figures import Entry, Used, used
from engine.keys import CATEGORIES, Category
from engine.note import Note
from engine.policy import Policy, Premium, Source
from engine.quantities import Rate
from engine.shelf import Edition, Shelf

Year = Annotated[StrictInt, Field(ge=1900, le=9999)]
Count = Annotated[StrictInt, Field(ge=1, le=100)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Member(_Input):
    """So many people of one category."""

    category: Category
    count: Count = 1


class Household(_Input):
    """Who is to be insured where, and for which year; no year: the newest that is held."""

    place: StrictStr
    year: Year | None = None
    members: Annotated[tuple[Member, ...], Field(max_length=50, json_schema_extra={"minItems": 1})]


@dataclass(frozen=True, slots=True)
class Share:
    """What one person of a category pays. Money in fen; where the subsidy is not known, `own` is all of it and so the most it can be."""

    category: str
    count: int
    status: Literal["computed", "not_computable"]
    subsidised: bool
    premium: int
    subsidy: int
    own: int
    low: int
    figures: tuple[Used, ...]


@dataclass(frozen=True, slots=True)
class PremiumAnswer:
    """The answer to a household. `refused` has no shares, and says in `cautions` what is missing; `partial` gives upper bounds."""

    household: Household
    status: Literal["computed", "partial", "refused"]
    policy: Policy
    year: int | None
    shares: tuple[Share, ...] = ()
    cautions: tuple[Note, ...] = ()
    advice: tuple[Note, ...] = ()
    sources: tuple[tuple[str, Source], ...] = ()

    @property
    def people(self) -> int:
        """How many are insured."""
        return sum(share.count for share in self.shares)

    @property
    def premium(self) -> int:
        """What is due for all of them."""
        return sum(share.premium * share.count for share in self.shares)

    @property
    def subsidy(self) -> int:
        """What the government surely pays of it."""
        return sum(share.subsidy * share.count for share in self.shares)

    @property
    def own(self) -> int:
        """What they pay themselves, at most."""
        return sum(share.own * share.count for share in self.shares)

    @property
    def low(self) -> int:
        """What they pay themselves, at least."""
        return sum(share.low * share.count for share in self.shares)


def read_household(raw: Mapping[str, Any]) -> Household:
    """Read a request. Raises CaseError naming every wrong field with a stable code."""
    try:
        household = Household.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error
    if not household.members:
        raise CaseError([Fault("members", "missing")])
    return household


def premium(household: Household, shelf: Shelf, today: date) -> PremiumAnswer:
    """What a household pays. `today` only decides whether a verified day has passed. Raises CaseError for a place not on the shelf."""
    if household.place not in shelf.places:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    editions = shelf.places[household.place]
    by_year = _by_year(editions)
    year = str(household.year) if household.year else max(by_year, default="")
    edition = by_year.get(year)
    if edition is None or edition.policy.premium is None:
        return _refused(household, editions[-1].policy, _no_year(editions[-1].policy, year, sorted(by_year)))
    policy = edition.policy
    unknown = next((member.category for member in household.members if member.category not in policy.categories), None)
    if unknown:
        values = {"category": unknown, "place": policy.name, "edition": policy.edition}
        return _refused(household, policy, Note("category_not_covered", values))
    shares = tuple(_share(edition.policy.premium, year, member) for member in household.members)
    return _answer(household, edition, int(year), shares, today)


def premium_of_each(place: str, year: int | None, shelf: Shelf, today: date) -> PremiumAnswer:
    """What one person of each category pays that the rules of a year name; no year: the newest. Raises CaseError like `premium`."""
    known = _by_year(shelf.places.get(place, ()))
    edition = known.get(str(year) if year else max(known, default=""))
    named = edition.policy.categories if edition else CATEGORIES
    return premium(Household(place=place, year=year, members=tuple(Member(category=key) for key in named)), shelf, today)


def _by_year(editions: Sequence[Edition]) -> dict[str, Edition]:
    """The edition that holds for each year with a premium."""
    return {year: edition for edition in editions if edition.policy.premium for year in edition.policy.premium.personal}


def _answer(household: Household, edition: Edition, year: int, shares: tuple[Share, ...], today: date) -> PremiumAnswer:
    policy = edition.policy
    figures = tuple(dict.fromkeys(figure for share in shares for figure in share.figures))
    return PremiumAnswer(
        household=household,
        status="computed" if all(share.status == "computed" for share in shares) else "partial",
        policy=policy,
        year=year,
        shares=shares,
        cautions=tuple(_cautions(household, policy, year, figures, today)),
        advice=(Note("enrol", {"hotline": policy.hotline}),),
        sources=tuple((key, policy.sources[key]) for key in dict.fromkeys(figure.source for figure in figures)),
    )


def _refused(household: Household, policy: Policy, why: Note) -> PremiumAnswer:
    return PremiumAnswer(household, "refused", policy, household.year, cautions=(why,))


def _no_year(policy: Policy, year: str, known: Sequence[str]) -> Note:
    values = {"place": policy.name, "hotline": policy.hotline}
    return Note("premium.no_year", values | {"year": year, "years": " / ".join(known)}) if known else Note("premium.not_held", values)


def _share(rules: Premium, year: str, member: Member) -> Share:
    due = rules.personal[year].values[""]
    entry = rules.share.values.get(member.category) if rules.share else None
    amount = due.value.fen if due.value else 0
    low, high = _bounds(entry)
    figures = [used(f"premium.personal.{year}", due)]
    figures += [used(f"premium.share.{member.category}", entry)] if entry else []
    return Share(
        category=member.category,
        count=member.count,
        status="computed" if low == high else "not_computable",
        subsidised=entry is not None,
        premium=amount,
        subsidy=_part(amount, low),
        own=amount - _part(amount, low),
        low=amount - _part(amount, high),
        figures=tuple(figures),
    )


def _bounds(entry: Entry[Rate] | None) -> tuple[Fraction, Fraction]:
    """The least and the most of the premium that may be paid for somebody; of an unknown share nothing or all."""
    if entry is None:
        return Fraction(0), Fraction(0)
    if entry.value is not None:
        return entry.value.share, entry.value.share
    return entry.low.share if entry.low else Fraction(0), entry.high.share if entry.high else Fraction(1)


def _part(amount: int, share: Fraction) -> int:
    """A share of an amount in whole fen, rounded half up."""
    return (2 * amount * share.numerator + share.denominator) // (2 * share.denominator)


def _cautions(household: Household, policy: Policy, year: int, figures: Sequence[Used], today: date) -> Iterator[Note]:
    if household.year is None:
        yield Note("premium.newest", {"year": str(year)})
    yield from doubts(policy, "premium.to_confirm", ((figure.basis, figure.source) for figure in figures), today)
