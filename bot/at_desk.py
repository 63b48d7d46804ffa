"""The coordinator's desk in a talk: a key that is typed opens it, every turn asks anew whether it still does, and what a household comes to
is kept there. The key itself goes no further than this: a talk knows it by a mark.
"""

import asyncio
import re
import unicodedata
from dataclasses import dataclass, replace

from bot.conversation import Conversation, Household, Incoming, OpenDesk, Reply, Rules, Turned, household_of, mark_of, to_be_kept
from bot.conversation.desk import COMPARE, LIST, NEXT, REVOKED, SLIP
from bot.conversation.position import LABEL
from bot.desk import Book, Desk, Keys, Room, RoomError, Tried, Visits
from engine import Note

#: /desk ABCDE-…, 开桌子 ABCDE-…; and a key as it was given, all by itself.
_TYPED = re.compile(r"(?:/desk(?:@\w+)?|打?[开開]桌子)[ :，,]*(?:[钥鑰]匙)?[是:： ]*(?P<key>[0-9a-z][0-9a-z _‐‑–—−.-]*)。?", re.IGNORECASE)
_GIVEN = re.compile(r"[2-9a-hj-np-z]{5}(?:[ _‐‑–—−.-]+[2-9a-hj-np-z]{5}){3}", re.IGNORECASE)
_LONGEST = 200
#: What a turn has to know of the day before it is played.
_OF_THE_DAY = frozenset({LIST, COMPARE, SLIP})
_OF_THE_HOUSEHOLD = frozenset({NEXT, "another", SLIP})


def key_in(text: str | None) -> str | None:
    """The key that a message is, however it was typed; None for every other message."""
    said = unicodedata.normalize("NFKC", text).strip() if text and len(text) <= _LONGEST else ""
    typed = _TYPED.fullmatch(said)
    return typed["key"] if typed else said if _GIVEN.fullmatch(said) else None


@dataclass(frozen=True, slots=True)
class Seat:
    """A talk at a desk: its key in the store, the rules of the day, and the desk once it is known to be open, with the mark of its key."""

    talk: str
    rules: Rules
    desk: Desk | None = None
    mark: str = ""

    @property
    def day(self) -> str:
        """Today, as an ISO day."""
        return self.rules.today.isoformat()

    def source(self, conversation: Conversation) -> str:
        """What the desk knows the household of now by."""
        return f"{self.talk}\n{household_of(conversation, self.rules)}"


@dataclass(frozen=True, slots=True)
class Desks:
    """The desks of this server, for talks. What cannot be read or written leaves the talk as it is, which says so."""

    room: Room | None = None

    async def opens(self, key: str, who: str) -> tuple[Tried, str]:
        """The desk that a key opens, and the mark that a talk knows the key by. Raises RoomError."""
        return await asyncio.to_thread(self._open, key, who)

    async def informed(self, incoming: Incoming, conversation: Conversation, seat: Seat) -> tuple[Incoming, Seat]:
        """A message with what it has to know of the desk in its talk; of a key that was taken back, that the desk ends here."""
        mark = mark_of(conversation)
        if seat.desk is not None:
            place = await asyncio.to_thread(self._place, seat.desk)
            return replace(incoming, desk=OpenDesk(seat.desk.name, seat.mark, has_just_opened=True, place=place)), seat
        if mark is None:
            return incoming, seat
        try:
            desk = await asyncio.to_thread(lambda: self._keys().of_mark(mark))
            if desk is None:
                return Incoming(incoming.message, action=REVOKED, place=incoming.place), seat
            seat = replace(seat, desk=desk, mark=mark)
            known = await asyncio.to_thread(self._known, desk, incoming, seat, conversation)
        except RoomError:
            return incoming, seat
        return replace(incoming, desk=known), seat

    async def kept(self, seat: Seat, before: Conversation, turned: Turned) -> Turned:
        """A turn when what it made of its household stands at the desk; where that cannot be, the answer says so.

        It is written before the turn is: when that fails, the same message comes again and writes the same.
        """
        after = turned.conversation
        household = to_be_kept(after, seat.rules) if mark_of(after) is not None else None
        if household is None or not _is_told(before, turned, household, seat.rules):
            return turned
        try:
            await asyncio.to_thread(self._put, household, seat, after)
        except RoomError:
            return replace(turned, replies=(Reply("text", (Note("chat.desk.not_kept"),)), *turned.replies))
        return turned

    def _open(self, key: str, who: str) -> tuple[Tried, str]:
        keys = self._keys()
        tried = keys.open(key, who)
        return tried, keys.mark(tried.desk.key) if tried.desk is not None else ""

    def _known(self, desk: Desk, incoming: Incoming, seat: Seat, conversation: Conversation) -> OpenDesk:
        visits, asked, tells_which = self._visits(desk), _asked(incoming), _tells_which(incoming)
        is_of_the_day, is_of_the_household = asked in _OF_THE_DAY or tells_which, asked in _OF_THE_HOUSEHOLD or tells_which
        households = tuple(Household(visit.label, visit.facts) for visit in visits.of_day(seat.day)) if is_of_the_day else ()
        at = visits.place_of(seat.source(conversation)) if is_of_the_household else None
        return OpenDesk(desk.name, seat.mark, households, at)

    def _place(self, desk: Desk) -> str | None:
        """Where the newest household of a desk is insured; None where there is none yet, or it cannot be read just now."""
        try:
            newest = self._visits(desk).newest()
        except RoomError:
            return None
        return None if newest is None else str(newest.facts["place"])

    def _put(self, household: Household, seat: Seat, conversation: Conversation) -> None:
        if seat.desk is None:
            raise RoomError("not to be read")
        self._visits(seat.desk).put(seat.day, household.label, household.facts, seat.source(conversation))

    def _visits(self, desk: Desk) -> Visits:
        return Visits(Book(self._room(), desk))

    def _keys(self) -> Keys:
        return Keys(self._room())

    def _room(self) -> Room:
        if self.room is None:
            raise RoomError("no room")
        return self.room


def _is_told(before: Conversation, turned: Turned, household: Household, rules: Rules) -> bool:
    """Whether a turn changes what is kept of its household, or tells it once more. Looking at it is no telling."""
    after = turned.conversation
    again = before.answers != after.answers and any(reply.estimate is not None for reply in turned.replies)
    return again or to_be_kept(before, rules) != household or household_of(before, rules) != household_of(after, rules)


def _tells_which(incoming: Incoming) -> bool:
    """Whether a message says which household it is about."""
    heard = incoming.heard
    return heard is not None and bool(LABEL in heard.slots or heard.numbers or heard.called)


def _asked(incoming: Incoming) -> str | None:
    heard = incoming.heard
    if heard is not None:
        return NEXT if heard.begins else heard.intent
    return incoming.action or (incoming.choice or "").removeprefix("action=")
