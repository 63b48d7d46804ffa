"""What keeps an answer from being certain: rules that nobody confirmed for the place, and rules past their verified day."""

from collections.abc import Iterable, Iterator
from datetime import date

from engine.keys import FIRM
from engine.note import Note
from engine.policy import Policy


def is_doubtful(basis: str) -> bool:
    """Whether what stands on this basis is still to be confirmed; what is `unknown` has no value that could be."""
    return basis not in FIRM and basis != "unknown"


def doubts(policy: Policy, key: str, named: Iterable[tuple[str, str]], today: date) -> Iterator[Note]:
    """The doubts about what is `named` as (basis, source) pairs: one note `key` for all standards, one when the verified day has passed."""
    doubtful = dict.fromkeys(source for basis, source in named if is_doubtful(basis))
    if doubtful:
        yield Note(key, {"standards": tuple(policy.sources[source].called for source in doubtful), "place": policy.name})
    if today > policy.horizon.verified_until:
        yield Note("verified_until", {"place": policy.name, "limit": policy.horizon.verified_until})
