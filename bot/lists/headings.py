"""What settling adds to a list is called the same on its page and in its files; what is the list's own stays as it is."""

from collections.abc import Sequence

from bot.desk import Roster
from bot.knowledge import Knowledge
from bot.speech import Voice
from engine import LAYERS

OWN_COST = "out_of_pocket"
#: Columns with amounts that settling adds.
MONEY = frozenset((*(f"paid_{layer}" for layer in LAYERS), "hospital_borne", OWN_COST, "out_of_pocket_low", "out_of_pocket_high"))
STATUS = "status"
_RESULTS = (*sorted(MONEY), STATUS, "edition")


def heading(voice: Voice, roster: Roster, at: int) -> str:
    """What a column is called on a page."""
    return roster.columns[at] if at < roster.given else _called(voice, roster.columns[at])


def file_headings(voice: Voice, roster: Roster) -> list[str]:
    """The columns of a file: where one of the list has the name of one that we add, ours says so."""
    own = {*roster.columns[: roster.given]}
    called = [heading(voice, roster, at) for at in range(len(roster.columns))]
    return [voice.say("desk.column.ours", name=name) if at >= roster.given and name in own else name for at, name in enumerate(called)]


def status_words(voice: Voice) -> dict[str, str]:
    """What the cells of the status are called."""
    return {status: voice.say(f"desk.status.{status}") for status in ("computed", "partial", "refused")}


def results_among(columns: Sequence[str], knowledge: Knowledge) -> tuple[str, ...]:
    """The columns that settling once added to a file of ours that comes in again, by their keys or in whatever language it is."""
    voices = knowledge.voices.values()
    words = [{column: column for column in _RESULTS}, *({column: _called(voice, column) for column in _RESULTS} for voice in voices)]
    ours = {voice.say("desk.column.ours", name=called): called for voice in voices for each in words for called in each.values()}
    # Where the list has a column of its own that is called so, ours says that it is ours.
    shadowed = {ours[column] for column in columns if column in ours}
    results = {called for each in words for called in each.values()} - shadowed | ours.keys()
    is_ours = any({each[STATUS], each[OWN_COST]} <= {*columns, *shadowed} for each in words)
    return tuple(column for column in columns if column in results) if is_ours else ()


def refuse_results(columns: Sequence[str], knowledge: Knowledge) -> None:
    """Raises TableError for a file of ours that comes in as settlement sheets: what we work out was not paid by anybody."""
    from bot.tables.errors import TableError

    ours = results_among(columns, knowledge)
    if ours:
        raise TableError("already_settled", columns=list(ours))


def _called(voice: Voice, column: str) -> str:
    """A column that we add."""
    layer = column.removeprefix("paid_")
    return voice.say(f"layer.{layer}" if layer != column else f"desk.column.{column}")
