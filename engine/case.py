"""A case: one settlement a person asks about, exactly as the contract names its fields. Money becomes whole fen here."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from engine.errors import CaseError, Fault
from engine.keys import Care, Category, Facility, LayerKey
from engine.money import LIMIT, MoneyError, fen, yuan

#: More settlements than a year has days is a mistake, not a year.
MOST_EARLIER = 366


_QUOTED = re.compile("'([^']*)'")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _money(raw: Any) -> int:
    try:
        return fen(raw)
    except MoneyError as error:
        raise PydanticCustomError(error.code, "not an amount") from error


def _day(raw: Any) -> date:
    if isinstance(raw, date):
        return raw
    try:
        if isinstance(raw, str) and _ISO_DAY.fullmatch(raw):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise PydanticCustomError("bad_day", "not an ISO day")


_YUAN = {"anyOf": [{"type": "string", "pattern": r"^\d{1,9}(\.\d{1,2})?$"}, {"type": "number", "minimum": 0, "maximum": 100_000_000}]}

Fen = Annotated[int, BeforeValidator(_money), WithJsonSchema(_YUAN)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


#: A layer, or one of the sums of the year that a layer keeps apart (`basic.outpatient`).
Account = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$", max_length=60)]
Age = Annotated[StrictInt, Field(ge=0, le=130)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SoFar(_Input):
    """What the year already came to: an earlier estimate's `year_to_date`, or what a person knows of it. Money in fen.

    `counted` (the sums yearly layers ran on), `accounts`, `peaks` and `later` make the round trip exact; without them they follow from the
    other three. `own` stands in place of all amounts: what the person paid in the year, of which nobody knows how much was eligible.
    """

    own: Fen | None = None
    stays: Annotated[StrictInt, Field(ge=0, le=MOST_EARLIER)] | None = None
    eligible_unpaid: Fen | None = None
    paid: dict[LayerKey, Fen] | None = None
    counted: dict[Account, Fen] | None = None
    accounts: dict[Account, Fen] | None = None
    peaks: dict[Account, Fen] | None = None
    later: Annotated[StrictInt, Field(ge=0, le=MOST_EARLIER)] | None = None

    @property
    def has_amounts(self) -> bool:
        """Whether amounts beside `own` were said."""
        return any(amount is not None for amount in (self.eligible_unpaid, self.paid, self.counted, self.accounts, self.peaks))


class Settlement(_Input):
    """One bill. Money in fen; an absent fact is None and its default is named in the estimate.

    `paid`: what layers that cannot be computed are known to have paid of it.
    """

    on: Day | None = None
    facility: Facility
    care: Care = "inpatient"
    total: Fen
    self_funded: Fen | None = None
    first_share: Fen | None = None
    registered: StrictBool | None = None
    emergency: StrictBool | None = None
    disease: Annotated[StrictStr, Field(max_length=100)] | None = None
    fixed_price: Fen | None = None
    paid: dict[LayerKey, Fen] | None = None


class Earlier(Settlement):
    """An earlier settlement of the same year and place; what is not said about the person is taken from the case."""

    place: StrictStr | None = None
    category: Category | None = None
    insured: StrictBool | None = None
    age: Age | None = None
    expired_ok: StrictBool | None = None


class Case(Settlement):
    """A question to the engine: a person, a place, a bill and what came before it in the year."""

    place: StrictStr
    category: Category
    insured: StrictBool = True
    age: Age | None = None
    earlier: Annotated[tuple[Earlier, ...], Field(max_length=MOST_EARLIER)] = ()
    so_far: SoFar | None = None
    expired_ok: StrictBool = False


def read_case(raw: Mapping[str, Any]) -> Case:
    """Read a contract case. Raises CaseError naming every wrong field with a stable code."""
    try:
        case = Case.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error
    faults = [*_parts_above_total(case), *_year_faults(case)]
    if faults:
        raise CaseError(faults)
    return case


def read_inner_case(raw: Mapping[str, Any]) -> Case:
    """Read a case that stands in a request under `case`. Raises CaseError naming every wrong field as `case.total`."""
    try:
        return read_case(raw)
    except CaseError as error:
        raise CaseError([Fault(f"case.{fault.field}", fault.code, fault.values) for fault in error.faults]) from error


def _parts_above_total(case: Case) -> list[Fault]:
    faults = []
    bills: list[tuple[str, Settlement]] = [("", case), *((f"earlier.{number}.", bill) for number, bill in enumerate(case.earlier))]
    for prefix, bill in bills:
        self_funded, first_share = bill.self_funded or 0, bill.first_share or 0
        values = {"total": yuan(bill.total)}
        if self_funded > bill.total:
            faults.append(Fault(f"{prefix}self_funded", "above_total", values | {"amount": yuan(self_funded)}))
        elif self_funded + first_share > bill.total:
            faults.append(Fault(f"{prefix}first_share", "above_total", values | {"amount": yuan(self_funded + first_share)}))
        elif (said := self_funded + first_share + sum((bill.paid or {}).values())) > bill.total:
            faults.append(Fault(f"{prefix}paid", "above_total", values | {"amount": yuan(said)}))
    return faults


def _year_faults(case: Case) -> list[Fault]:
    faults = []
    if case.so_far is not None and case.earlier:
        faults.append(Fault("so_far", "beside_earlier"))
    if case.so_far is not None and case.so_far.own is not None and case.so_far.has_amounts:
        faults.append(Fault("so_far.own", "beside_amounts"))
    if _year_total(case) > LIMIT:
        faults.append(Fault("earlier" if case.earlier else "so_far", "year_too_large", {"limit": yuan(LIMIT)}))
    for number, bill in enumerate(case.earlier):
        if bill.place not in (None, case.place):
            faults.append(Fault(f"earlier.{number}.place", "other_place", {"known": case.place}))
    days = [*((f"earlier.{number}.on", bill.on) for number, bill in enumerate(case.earlier)), ("on", case.on)]
    known = [(field, day) for field, day in days if day is not None]
    for (field, day), (_, later) in pairwise(known):
        values = {"day": day.isoformat(), "year": str(known[-1][1].year)}
        if day.year != known[-1][1].year:
            faults.append(Fault(field, "other_year", values))
        elif day > later:
            faults.append(Fault(field, "not_oldest_first", values | {"later": later.isoformat()}))
    return faults


def _year_total(case: Case) -> int:
    so_far = case.so_far or SoFar()
    told = (so_far.own or 0) + (so_far.eligible_unpaid or 0) + sum((so_far.paid or {}).values())
    before = sum(bill.total for bill in case.earlier) + told
    return case.total + max(before, *(so_far.counted or {}).values(), 0)


_CODES: dict[str, Literal["missing", "unknown_key", "not_one_of", "not_true_or_false", "not_a_whole_number", "too_many"]] = {
    "missing": "missing",
    "extra_forbidden": "unknown_key",
    "literal_error": "not_one_of",
    "bool_type": "not_true_or_false",
    "int_type": "not_a_whole_number",
    "greater_than_equal": "not_a_whole_number",
    "less_than_equal": "not_a_whole_number",
    "too_long": "too_many",
}


def faults_of(error: ValidationError) -> list[Fault]:
    """What a model found wrong with a request, each fault with its field and a stable code."""
    faults = []
    for detail in error.errors(include_url=False):
        code = _CODES.get(detail["type"], detail["type"])
        expected = "、".join(_QUOTED.findall(str(detail.get("ctx", {}).get("expected", ""))))
        where = ".".join(str(step) for step in detail["loc"] if step != "[key]")
        faults.append(Fault(where or "case", code, {"expected": expected} if expected else {}))
    return faults
