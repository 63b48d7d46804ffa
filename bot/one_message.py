"""One message by itself, without a talk around it: the request read, its text understood."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from bot.conversation import Alone, alone
from bot.knowledge import Knowledge
from bot.understanding import understand
from bot.understanding.reading import LONGEST
from engine import CaseError, Fault, faults_of


class Said(BaseModel):
    """A message, and where the person is known to be insured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[StrictStr, Field(max_length=LONGEST)]
    place: StrictStr | None = None


def read_said(raw: Mapping[str, Any]) -> Said:
    """Read a request. Raises CaseError naming every wrong field with a stable code."""
    try:
        return Said.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error


def understood(said: Said, known: Knowledge) -> Alone:
    """What a message says. Raises CaseError for a place there are no rules for."""
    places = known.shelf.places
    if said.place is not None and said.place not in places:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(places))})])
    return alone(understand(said.text, known.vocabulary, place=said.place), said.place, known.shelf)
