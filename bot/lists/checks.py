"""Settlement sheets laid beside the rules and the registers: what is worth asking about, the largest sums first. Never who is to blame."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.desk import Bill, Registers, Told
from bot.lists.bills import field_words
from bot.lists.writing import Cell
from bot.speech import Voice, cap_words, check_bill_lines
from engine import LAYERS, Check, Shelf, check_bill, estimate, read_sheet

#: How a sheet compares, by what a page says of it, in the order in which it counts them.
STATUSES = ("differs", "listed", "depends", "partly", "same", "unknown", "refused")
#: How a sheet compares: it agrees, something differs, or nobody can compare it.
Verdict = Literal["same", "differs", "open"]
VERDICTS: tuple[Verdict, ...] = ("differs", "open", "same")
_VERDICTS: Mapping[str, Verdict] = {
    "same": "same",
    "partly": "same",
    "depends": "open",
    "unknown": "open",
    "refused": "open",
    "differs": "differs",
}
_OWN, _HOSPITAL = "own", "hospital_borne"
#: Two programs may round differently by so many fen.
_ROUNDING = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """Another category that a register has for somebody, and what they would have borne with it, in fen (None: nobody can compute that)."""

    told: Told
    own: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A sheet that was checked. `against`: what the person may have borne too much, in fen; `hospital`: what may be the hospital's."""

    bill: Bill
    check: Check
    listed: tuple[Listed, ...]
    against: int
    hospital: int

    @property
    def verdict(self) -> Verdict:
        """How it compares, by the category of the sheet."""
        return _VERDICTS[self.check.status]

    @property
    def is_explained(self) -> bool:
        """Whether something likely is known that a difference comes from."""
        return bool(self.check.causes or self.listed or self.hospital)

    @property
    def status(self) -> str:
        """How it compares, as a key of `desk.bill.status`; `listed`: it agrees, but a register has another category."""
        return "listed" if self.verdict == "same" and self.listed else self.check.status

    def line(self, key: str) -> tuple[int | None, int | None]:
        """What the sheet says of a line, and what the rules give, in fen; None: not said, or nobody knows."""
        found = next((line for line in self.check.lines if line.key == key), None)
        return (None, None) if found is None else (found.said, None if found.high is None else found.expected)


def check_all(bills: Iterable[Bill], registers: Registers, shelf: Shelf, today: date) -> list[Checked]:
    """Sheets beside the rules and the registers: what a person may have borne too much first, and of that what has a likely cause.

    About 2 ms a sheet.
    """
    bills = list(bills)
    asked = [(bill.person, str(bill.sheet["case"].get("on") or today.isoformat())) for bill in bills]
    told = registers.told(asked)
    checked = [_checked(bill, each, shelf, today) for bill, each in zip(bills, told, strict=True)]
    return sorted(
        checked, key=lambda each: (not (each.against and each.is_explained), -each.against, VERDICTS.index(each.verdict), each.bill.row)
    )


def _checked(bill: Bill, told: Sequence[Told], shelf: Shelf, today: date) -> Checked:
    check = check_bill(read_sheet(bill.sheet), shelf, today)
    listed = tuple(_listed(check, told, shelf, today)) if bill.person else ()
    return Checked(bill, check, listed, _against(check, listed), _hospital(check))


def _listed(check: Check, told: Sequence[Told], shelf: Shelf, today: date) -> Iterator[Listed]:
    """Other categories than that of the sheet, each with what the person would have borne."""
    for each in told:
        if each.category != check.sheet.case.category:
            answer = estimate(check.estimate.case.model_copy(update={"category": each.category}), shelf, today)
            own = answer.out_of_pocket if answer.status == "computed" else None
            yield Listed(each, None if own is None else own.amount)


def _against(check: Check, listed: Sequence[Listed]) -> int:
    """What the person may have borne too much, by the sheet's category or by the best one of a register."""
    own = next((line for line in check.lines if line.key == _OWN), None)
    if own is None or own.said is None:
        less = [line.low - line.said for line in check.lines if line.verdict == "less" and line.said is not None and line.key != _OWN]
        return sum(less)
    most = [own.high] if own.high is not None and own.verdict == "more" else []
    most += [each.own for each in listed if each.own is not None]
    return max([own.said - amount for amount in most if own.said - amount > _ROUNDING], default=0)


def _hospital(check: Check) -> int:
    """What the rules leave to the hospital and the sheet does not, where it is known what was out of catalogue."""
    if check.status == "refused" or check.sheet.case.self_funded is None:
        return 0
    short = check.estimate.hospital_borne - (check.sheet.hospital_borne or 0)
    return short if short > _ROUNDING else 0


def flags(voice: Voice, each: Checked) -> list[str]:
    """What is worth asking about, each in a few kind words."""
    said = list(dict.fromkeys(cause.key for cause in each.check.causes if cause.key not in ("hospital_ceiling", "cap")))
    lines = [voice.say(f"desk.bill.flag.{key}") for key in said]
    lines += [voice.say("desk.bill.flag.hospital", amount=each.hospital)] if each.hospital else []
    lines += [_register(voice, each, listed) for listed in each.listed]
    # What large bills before would have to come to, that nobody told of, comes last.
    caps = [cap_words(voice, cause) for cause in each.check.causes if cause.key == "cap"]
    return [*lines, *caps, *([voice.say("check_bill.ask_year")] if caps else [])]


def _register(voice: Voice, each: Checked, listed: Listed) -> str:
    case = each.check.sheet.case
    values = {
        "office": voice.say(f"desk.kind.{listed.told.kind}"),
        "made": date.fromisoformat(listed.told.day),
        "listed": voice.say(f"category.{listed.told.category}"),
        "category": case.category,
    }
    words = voice.say("desk.bill.flag.register", **values)
    if listed.own is None:
        return words
    return words + voice.say("desk.bill.flag.register.own", listed=values["listed"], own_amount=listed.own)


def detail_lines(voice: Voice, each: Checked) -> list[str]:
    """Everything that can be told of a sheet, line by line."""
    lines = check_bill_lines(voice, each.check)
    policy = each.check.estimate.policy
    if each.verdict == "same" and (each.listed or each.hospital) and policy:
        # A sheet that agrees is not to be put away when something is worth asking.
        lines[-1] = voice.say("check_bill.next.differs", hotline=policy.hotline)
    return [*lines, *_beside(voice, each)] if each.check.status != "refused" else lines


def _beside(voice: Voice, each: Checked) -> Iterator[str]:
    """What the sheet says and a check has no line for."""
    answer, beside = each.check.estimate, each.bill.beside
    if beside.get("other"):
        yield voice.say("desk.bill.other", amount=beside["other"])
        yield from [voice.say("desk.bill.other.own")] if each.check.sheet.own is not None else []
    if "in_scope" in beside and answer.eligible is not None and abs(beside["in_scope"] - answer.eligible) > _ROUNDING:
        yield voice.say("desk.bill.in_scope", said_amount=beside["in_scope"], expected_amount=answer.eligible)
    taken = _deductible(each)
    if taken is not None and abs(beside["deductible"] - taken) > _ROUNDING:
        yield voice.say("desk.bill.deductible", said_amount=beside["deductible"], expected_amount=taken)


def _deductible(each: Checked) -> int | None:
    """What basic insurance takes off first by the rules; None where the sheet does not say it, or nothing tells."""
    basic = each.check.estimate.layer("basic")
    if basic is None or "deductible" not in each.bill.beside:
        return None
    return next((step.amount for step in basic.steps if step.key in ("deductible", "deductible_share")), None)


def check_columns(voice: Voice, checked: Sequence[Checked]) -> tuple[list[str], list[int]]:
    """The headings of a file of sheets that were checked, and the places of those with amounts."""
    told = ("row", "person", "place", "category", "facility", "on", "verdict", "flags")
    headings = [voice.say(f"desk.bill.column.{name}") for name in told]
    money = [voice.say("desk.bill.column.total"), voice.say("desk.bill.column.against")]
    for key in _lines(checked):
        name = field_words(voice, key) if key in (_OWN, _HOSPITAL) else voice.say(f"layer.{key}")
        money += [voice.say(f"desk.bill.column.{kind}", name=name) for kind in ("said", "expected")]
    return headings + money, list(range(len(headings), len(headings) + len(money)))


def check_rows(voice: Voice, checked: Sequence[Checked]) -> Iterator[Sequence[Cell]]:
    """The rows of a file of sheets that were checked."""
    keys = _lines(checked)
    for each in checked:
        case, policy = each.check.sheet.case, each.check.estimate.policy
        place = voice.worded("place", policy.name) if policy else case.place
        words = (
            str(each.bill.row),
            each.bill.person,
            place,
            voice.worded("category", case.category),
            voice.worded("facility", case.facility),
        )
        day = case.on.isoformat() if case.on else ""
        amounts = [amount for key in keys for amount in each.line(key)]
        verdict = voice.say(f"desk.bill.status.{each.status}")
        yield (*words, day, verdict, "".join(flags(voice, each)), case.total, each.against, *amounts)


def _lines(checked: Sequence[Checked]) -> list[str]:
    """The lines that any sheet has, in the order in which layers pay."""
    known = {line.key for each in checked for line in each.check.lines}
    return [key for key in (*LAYERS, _HOSPITAL, _OWN) if key in known]
