"""A table that was settled, in words and as JSON; and what is said of a row that was not."""

from collections.abc import Collection, Iterator
from typing import Any

from bot.speech import Voice, reject_words
from bot.tables.summary import Group, Summary
from engine import CATEGORIES, FACILITIES, Fault, Shelf, yuan


def batch_lines(voice: Voice, summary: Summary, target: str, rejects: str, *, own_threshold: bool) -> Iterator[str]:
    """What was done, what was not and why, then each category. `own_threshold`: the user chose the warning threshold."""
    if summary.rejected == summary.rows:
        yield voice.say("batch.nothing", rows=f"{summary.rows:,}", name=rejects)
        return
    settled = summary.rows - summary.rejected - summary.statuses["refused"]
    yield voice.say("batch.done", rows=f"{summary.rows:,}", settled=f"{settled:,}", name=target)
    for key, count in (("partial", summary.statuses["partial"]), ("refused", summary.statuses["refused"])):
        if count:
            yield voice.say(f"batch.{key}", count=f"{count:,}")
    if summary.rejected:
        yield voice.say("batch.rejected", count=f"{summary.rejected:,}", name=rejects)
    for category in CATEGORIES:
        if category in summary.groups:
            yield from _category(voice, summary, category, summary.groups[category])
    if not own_threshold and any(group.warned for group in summary.groups.values()):
        yield voice.say("batch.warn_basis", warn_amount=summary.warn_at)


def _category(voice: Voice, summary: Summary, category: str, sums: Group) -> Iterator[str]:
    key = "batch.group" if sums.people is None else "batch.group.people"
    counts = {"bills": f"{sums.bills:,}", "people": f"{sums.people or 0:,}"}
    yield voice.say(key, category=category, total_amount=sums.total, own_amount=sums.own, **counts)
    for layer in summary.layers:
        if sums.paid[layer]:
            yield voice.say("batch.layer", layer=layer, paid_amount=sums.paid[layer])
    if sums.hospital:
        yield voice.say("batch.hospital", hospital_amount=sums.hospital)
    if sums.warned:
        kind = "people" if summary.by_person else "bills"
        yield voice.say(f"batch.warned.{kind}", warn_amount=summary.warn_at, count=f"{sums.warned:,}")


def batch_json(summary: Summary) -> dict[str, Any]:
    """The sums of a table. Money as everywhere, in yuan."""
    return {
        "rows": summary.rows,
        **summary.statuses,
        "rejected": summary.rejected,
        "warn_at": yuan(summary.warn_at),
        "warned": "people" if summary.by_person else "bills",
        "categories": {
            category: {
                "bills": sums.bills,
                "people": sums.people,
                "total": yuan(sums.total),
                **{f"paid_{layer}": yuan(paid) for layer, paid in sums.paid.items()},
                "hospital_borne": yuan(sums.hospital),
                "out_of_pocket": yuan(sums.own),
                "warned": sums.warned,
            }
            for category, sums in summary.groups.items()
        },
    }


class RejectWords:
    """Says what is wrong with a row of one table. What could stand there instead is what the places of the table have."""

    def __init__(self, voice: Voice, shelf: Shelf, places: Collection[str], first_row: int) -> None:
        """`first_row` is the number of the first row of data."""
        self._voice, self._first_row = voice, first_row
        editions = [edition.policy for place in places for edition in shelf.places.get(place, ())]
        levels = {level for policy in editions for level in policy.facilities}
        self._levels = voice.listed(voice.say(f"facility.{level}") for level in FACILITIES if not levels or level in levels)
        self._places = voice.listed(voice.worded("place", editions[-1].policy.name) for editions in shelf.places.values())

    def of(self, column: str, fault: Fault) -> str:
        """The sentence of one fault."""
        match fault.code:
            case "not_one_of" if fault.field == "facility":
                fault = Fault("", fault.code, {"expected": self._levels})
            case "unknown_place":
                fault = Fault("", fault.code, {"known": self._places})
            case "earlier_row_rejected" if "row" in fault.values:
                fault = Fault("", "earlier_row_at", {"row": str(self._first_row + int(fault.values["row"]))})
        return reject_words(self._voice, column, fault)
