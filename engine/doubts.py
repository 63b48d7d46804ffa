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


def horizon(on: date | None, policy: Policy, today: date) -> Iterator[Note]:
    """What a day is to the days a policy was verified for: unsaid or later than they reach, or still to come."""
    until = policy.horizon.verified_until
    values = {"place": policy.name, "limit": until, "missing": policy.horizon.later_rules}
    if on is None and today > until:
        yield Note("verified_until", values)
    elif on is not None and on > until:
        yield Note("expired_rules", values | {"day": on})
    if on is not None and on > today:
        yield Note("future_day", {"day": on})
