"""What a store takes and gives, whatever database it is kept in."""

from dataclasses import dataclass


class ConflictError(Exception):
    """Another turn of the same conversation was kept meanwhile: load again and play the turn again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as kept. `version` must be given back with the next change."""

    key: str
    version: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """An answer that a door has to bring to its address itself. `message` is what it answers; a second parcel for it is not taken."""

    channel: str
    address: str
    message: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel on its way: `part` is the next part to send. `begun`: its sending had begun, and nobody noted how it ended."""

    id: int
    address: str
    body: bytes
    part: int
    begun: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One turn to be kept. `version` 0 opens the conversation; `opened_by` then identifies a resent first message.

    `parcel` is put on its way in the same transaction; `code` leads to the conversation from then on, for a while; in it a door's `person`
    goes on.
    """

    key: str
    version: int
    state: bytes
    turn: int
    message: str
    reply: bytes
    opened_by: str | None = None
    erase: bool = False
    parcel: Parcel | None = None
    code: str | None = None
    person: str | None = None
