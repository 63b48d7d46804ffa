"""Settlement sheets as they come in, row by row or from a form: the fields of the national settlement list become a sheet to be checked.

What the person bore is 个人负担. Where a sheet does not say it, it is what they paid (账户 and 现金) with what unnamed others paid for them
(其他支付), or 个人自付 with 个人自费: so the national list adds up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.desk import Bill, Bills
from bot.knowledge import Knowledge
from bot.lists.headings import refuse_results
from bot.lists.reading import ListError, Progress, in_words, names_of, opened, person_column, person_key, plain_text, quiet, rows_of
from bot.speech import Voice
from engine import LAYERS, CaseError, Fault, MoneyError, check_bill, fen, read_sheet, yuan

if TYPE_CHECKING:
    from bot.tables.names import Columns, Names
    from bot.tables.reading import Table
    from bot.tables.words import RejectWords

#: More sheets than a coordinator looks through at once.
MOST_BILLS = 1_000
#: Fields of a case that hold money and take part in what a sheet adds up to.
_CASE_MONEY = ("total", "self_funded", "first_share")
_REQUIRED = ("category", "facility", "total")


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets of a list, and the rows that do not tell, by their number, with the reason in words."""

    bills: list[Bill]
    unread: list[tuple[int, str]]


def take_bills(
    source: Path, name: str, fixed: Mapping[str, Any], bills: Bills, knowledge: Knowledge, voice: Voice, today: date, progress: Progress
) -> int:
    """Keep a list of sheets; its number. Raises ListError."""
    read = read_bills(source, name, fixed, knowledge, voice, today, progress)
    return bills.bring(name, read.bills, read.unread)


def read_bills(
    source: Path, name: str, fixed: Mapping[str, Any], knowledge: Knowledge, voice: Voice, today: date, progress: Progress = quiet
) -> Sheets:
    """A list of sheets, one a row. `fixed` holds facts of a case for rows that have no column for them. Takes a while. Raises ListError."""
    with in_words(name, voice):
        table, names = opened(source, progress), names_of(knowledge)
        refuse_results(table.columns, knowledge)
        columns, further = names.columns_of(table.columns), names.further_of("sheet", table.columns)
        _check(voice, {*columns.facts, *fixed}, further, table)
        read = _read(table, names, columns, further, fixed, knowledge, voice, today)
    if not read.bills:
        first = [voice.say("desk.row", row=str(row)) + why for row, why in read.unread[:3]]
        raise ListError("\n".join([voice.say("desk.bill.none"), *first]))
    return read


def read_one_bill(said: Mapping[str, str], knowledge: Knowledge, voice: Voice, today: date) -> Bill:
    """One sheet from the fields of a form, empty where nothing was said. Raises ListError."""
    with in_words("", voice):
        names = names_of(knowledge)
        from bot.tables.words import RejectWords

        words = RejectWords(voice, knowledge.shelf, knowledge.shelf.places, 1)
    try:
        return read_bill(
            1, person_key(said["person"]), {fact: cell for fact, cell in said.items() if fact != "person"}, names, knowledge, today
        )
    except CaseError as error:
        raise ListError("\n".join(fault_lines(voice, words, {}, error))) from error


def read_bill(row: int, person: str, said: Mapping[str, Any], names: "Names", knowledge: Knowledge, today: date) -> Bill:
    """One sheet from what its fields say, by the facts of cases and the further ones of sheets. Raises CaseError naming the facts."""
    case = {fact: names.value(fact, cell) for fact, cell in said.items() if fact not in names.further["sheet"]}
    case = {fact: value for fact, value in case.items() if value is not None}
    place = case.get("place", "")
    if "facility" in case:
        case["facility"] = names.facility(place, case["facility"])
    money = _money(names, said)
    if "total" in money:
        case |= _self_funded(money)
    sheet = {"case": case, "paid": {key: yuan(money[key]) for key in LAYERS if key in money and key != "re_aid"}} | _borne(money)
    try:
        read = read_sheet(sheet)
        if place not in knowledge.shelf.places:
            raise CaseError([Fault("place", "unknown_place")])
        check_bill(read, knowledge.shelf, today)
    except CaseError as error:
        raise CaseError([Fault(fault.field.removeprefix("case."), fault.code, fault.values) for fault in error.faults]) from error
    beside = {"other": _other(money), "deductible": money.get("deductible"), "in_scope": money.get("in_scope")}
    return Bill(row, person, sheet, {name: amount for name, amount in beside.items() if amount is not None})


def _check(voice: Voice, facts: set[str], further: Mapping[str, str], table: "Table") -> None:
    """Raises ListError when a list lacks what no check can do without."""
    missing = [voice.say(f"slot.{fact}") for fact in ("place", *_REQUIRED) if fact not in facts]
    missing += [] if further else [voice.say("desk.bill.any_paid")]
    if missing:
        raise ListError(voice.say("desk.bill.columns", wanted=missing))
    if table.rows > MOST_BILLS:
        raise ListError(voice.say("desk.bill.too_many", most=MOST_BILLS))


def _read(
    table: "Table",
    names: "Names",
    columns: "Columns",
    further: Mapping[str, str],
    fixed: Mapping[str, Any],
    knowledge: Knowledge,
    voice: Voice,
    today: date,
) -> Sheets:
    from bot.tables.words import RejectWords

    by_fact = {**columns.facts, **further}
    person = person_column(columns, [column for column in table.columns if column not in further.values()])
    words = RejectWords(voice, knowledge.shelf, knowledge.shelf.places, table.first_row)
    read = Sheets([], [])
    for number, row in enumerate(rows_of(table), start=table.first_row):
        said = {**fixed, **{fact: row[column] for fact, column in by_fact.items() if fact != "person"}}
        if names.is_total(row.values()) or not any(plain_text(row[column]) for column in by_fact.values()):
            continue
        try:
            read.bills.append(read_bill(number, person_key(row[person]) if person else "", said, names, knowledge, today))
        except CaseError as error:
            read.unread.append((number, "".join(fault_lines(voice, words, by_fact, error))))
    return read


def fault_lines(voice: Voice, words: "RejectWords", columns: Mapping[str, str], error: CaseError) -> Iterator[str]:
    """What is wrong with a sheet, each fault by the name of its column or field."""
    for fault in error.faults:
        field = fault.field.removeprefix("paid.")
        column = columns.get(field) or field_words(voice, field)
        if (fault.field, fault.code) == ("paid", "missing"):
            yield voice.say("desk.bill.says_nothing")
        elif fault.code == "above_total" and field not in _CASE_MONEY:
            said, total = (fen(fault.values[name]) for name in ("amount", "total"))
            yield voice.say("desk.bill.above_total", field=column, said_amount=said, total_amount=total)
        else:
            yield words.of(column, Fault(field, fault.code, fault.values))


def field_words(voice: Voice, field: str) -> str:
    """What a field of a sheet is called."""
    return next((voice.say(key) for key in (f"desk.bill.field.{field}", f"slot.{field}") if voice.has(key)), field)


def _money(names: "Names", said: Mapping[str, Any]) -> dict[str, int]:
    """The amounts of a sheet that were said, in fen. Raises CaseError naming those that are none."""
    amounts, faults = {}, []
    for fact in (*_CASE_MONEY, *names.further["sheet"]):
        cell = names.value("total", said.get(fact))
        if cell is not None:
            try:
                amounts[fact] = fen(cell)
            except MoneyError as error:
                faults.append(Fault(fact, error.code))
    if faults:
        raise CaseError(faults)
    return amounts


def _self_funded(money: Mapping[str, int]) -> dict[str, str]:
    """What is out of catalogue: 全自费 and what is above a limit of price, or else what the eligible cost leaves. Raises CaseError."""
    parts = [money[name] for name in ("self_funded", "over_limit") if name in money]
    if parts:
        return {"self_funded": yuan(sum(parts))}
    if "in_scope" not in money:
        return {}
    left = money["total"] - money["in_scope"] - money.get("first_share", 0)
    if left < 0:
        raise CaseError([Fault("in_scope", "above_total", {"total": yuan(money["total"]), "amount": yuan(money["in_scope"])})])
    return {"self_funded": yuan(left)}


def _borne(money: Mapping[str, int]) -> dict[str, str]:
    """What the hospital bore and what the person did, as far as the sheet says it."""
    own = _own(money)
    borne = {"hospital_borne": money.get("hospital_borne"), "own": own}
    return {name: yuan(amount) for name, amount in borne.items() if amount is not None}


def _own(money: Mapping[str, int]) -> int | None:
    """What the person bore, with what others paid for them of it."""
    other = _other(money) or 0
    if "own" in money:
        return money["own"] + _outside(money, money["own"], other)
    if "payment" in money or "cash" in money:
        accounts = money.get("account", 0) + money.get("shared_account", 0)
        return money.get("payment", money.get("cash", 0) + accounts) + other
    if "own_share" in money and "self_funded" in money:
        own = money["own_share"] + money["self_funded"]
        return own + _outside(money, own, other)
    return None


def _other(money: Mapping[str, int]) -> int | None:
    """What was paid by layers that no rule gives an amount for."""
    parts = [money[name] for name in ("other", "re_aid") if name in money]
    return sum(parts) if parts else None


def _outside(money: Mapping[str, int], own: int, other: int) -> int:
    """What others paid, where 个人负担 does not hold it already: the sheet adds up with it alone."""
    paid = sum(money[key] for key in LAYERS if key in money and key != "re_aid") + money.get("hospital_borne", 0)
    return other if paid + own + other == money.get("total") else 0
