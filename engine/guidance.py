"""What to know before going to hospital: the guidance that a place's newest rules give, for everybody or for some categories."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from engine.doubts import doubts, is_doubtful
from engine.errors import CaseError, Fault
from engine.keys import CATEGORIES
from engine.note import Note
from engine.policy import Policy, Source
from engine.shelf import Shelf
from engine.text import Text


@dataclass(frozen=True, slots=True)
class Advised:
    """One thing to know, in the pack's own words."""

    key: str
    says: Text
    basis: str
    source: str

    @property
    def doubtful(self) -> bool:
        """Whether it is still to be confirmed for this place."""
        return is_doubtful(self.basis)


@dataclass(frozen=True, slots=True)
class Guide:
    """The guidance of a place. `refused` has no items, and says in `cautions` what is missing."""

    place: str
    category: str | None
    status: Literal["found", "refused"]
    policy: Policy
    items: tuple[Advised, ...] = ()
    cautions: tuple[Note, ...] = ()
    sources: tuple[tuple[str, Source], ...] = ()


def guide(place: str, category: str | None, shelf: Shelf, today: date) -> Guide:
    """What the newest rules of a place say to a person of a category; to nobody in particular without one.

    `today` only decides whether the verified day has passed. Raises CaseError for a place not on the shelf or an unknown category.
    """
    if place not in shelf.places:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    if category is not None and category not in CATEGORIES:
        raise CaseError([Fault("category", "not_one_of", {"expected": "、".join(CATEGORIES)})])
    policy = shelf.places[place][-1].policy
    if category is not None and category not in policy.categories:
        values = {"category": category, "place": policy.name, "edition": policy.edition}
        return Guide(place, category, "refused", policy, cautions=(Note("category_not_covered", values),))
    items = tuple(
        Advised(key, item.says, item.basis, item.source)
        for key, item in policy.guidance.items()
        if item.when.category is None or category in item.when.category
    )
    if not items:
        return Guide(place, category, "refused", policy, cautions=(Note("guidance.not_held", _whom(policy)),))
    cautions = tuple(doubts(policy, "guidance.to_confirm", ((item.basis, item.source) for item in items), today))
    return Guide(place, category, "found", policy, items, cautions, _sources(policy, items))


def _whom(policy: Policy) -> dict[str, object]:
    return {"place": policy.name, "hotline": policy.hotline}


def _sources(policy: Policy, items: tuple[Advised, ...]) -> tuple[tuple[str, Source], ...]:
    return tuple((key, policy.sources[key]) for key in dict.fromkeys(item.source for item in items))
