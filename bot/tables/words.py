"""A table that was settled, in words and as JSON."""

from collections.abc import Iterator
from typing import Any

from bot.speech import Voice
from bot.tables.summary import Group, Summary
from engine import CATEGORIES, yuan


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
