"""The person-year: the settlements of one person, told one by one in the order of their days. Tables with a `person` run through it.

Each comes out as `estimate` has it with those before as `earlier`, without settling these again.
"""

from collections.abc import Iterator
from typing import Any

from engine.case import MOST_EARLIER, Case, Earlier, Settlement
from engine.errors import CaseError, Fault
from engine.money import LIMIT, yuan
from engine.note import Note
from engine.settling import Amounts, Past, Refusal, Settling, open_case, stay_of, why_not_covered
from engine.shelf import Shelf

#: What an earlier settlement takes from the one that is asked about, when it does not say it itself.
_INHERITED = ("insured", "age", "expired_ok")


def settle_amounts(case: Case, shelf: Shelf) -> Amounts | Refusal:
    """What a case comes to, without its working. It has no `so_far`. Raises CaseError like `estimate`."""
    settling = open_case(case, shelf)
    return settling if isinstance(settling, Refusal) else settling.amounts()


class PersonYear:
    """The settlements of one person in one calendar year so far."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._told: list[Earlier] = []
        #: One settlement of each category, hospital level and kind of care: another edition may not know these.
        self._kinds: dict[tuple[str, str, str], Earlier] = {}
        self._total, self._place, self._broken = 0, "", False
        self._past = Past()
        self._inherited: tuple[bool, int | None, bool] = (True, None, False)

    def settle(self, case: Case) -> Amounts | Refusal:
        """The next settlement; it has neither `earlier` nor `so_far`. Raises CaseError for one that cannot follow those before it.

        After one that was rejected nobody knows what the year came to, so all that follow are rejected too.
        """
        try:
            faults = list(self._faults(case))
            if faults:
                raise CaseError(faults)
            answer = self._answer(case)
        except CaseError:
            self._broken = True
            raise
        self._remember(case)
        return answer

    def reject(self) -> None:
        """Note that a settlement of this year could not be read."""
        self._broken = True

    def _faults(self, case: Case) -> Iterator[Fault]:
        if self._broken:
            yield Fault("person", "earlier_row_rejected")
        elif self._told:
            last = self._told[-1].on
            if case.place != self._place:
                yield Fault("place", "other_place", {"known": self._place})
            if case.on is None or last is None:
                yield Fault("on", "missing")
            elif case.on < last:
                yield Fault("on", "not_oldest_first", {"day": last.isoformat(), "later": case.on.isoformat()})
            if len(self._told) >= MOST_EARLIER:
                yield Fault("person", "too_many")
            if self._total + case.total > LIMIT:
                yield Fault("total", "year_too_large", {"limit": yuan(LIMIT)})

    def _answer(self, case: Case) -> Amounts | Refusal:
        if not self._told:
            return settle_amounts(case, self._shelf)
        edition = self._shelf.choose(case.place, case.on, expired_ok=case.expired_ok)
        if isinstance(edition, Note):
            return Refusal(self._shelf.places[case.place][-1].policy, edition)
        why = why_not_covered(edition, case, self._kinds.values()) or self._follow(case)
        return Settling(case, edition, self._past).amounts() if why is None else Refusal(edition.policy, why)

    def _follow(self, case: Case) -> Note | None:
        """Bring the past up to what was told, as this settlement inherits to it; or why no rule answers for one of them."""
        inherited = (case.insured, case.age, case.expired_ok)
        if inherited != self._inherited and any(getattr(bill, name) is None for bill in self._told for name in _INHERITED):
            self._past = Past()
        self._inherited = inherited
        for bill in self._told[len(self._past.stays) :]:
            stay = stay_of(bill, case, self._shelf)
            if isinstance(stay, Note):
                return stay
            self._past.add(stay)
        return None

    def _remember(self, case: Case) -> None:
        facts: dict[str, Any] = {name: getattr(case, name) for name in Settlement.model_fields}
        facts |= {name: getattr(case, name) if name in case.model_fields_set else None for name in _INHERITED}
        bill = Earlier.model_construct(**facts, category=case.category)
        self._told.append(bill)
        self._kinds.setdefault((case.category, case.facility, case.care), bill)
        self._total, self._place = self._total + case.total, case.place
