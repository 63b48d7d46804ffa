"""What a list comes to while it is pasted and set right: each row with what one pays or what is wrong with it. Nothing is kept."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.desk import Book
from bot.knowledge import Knowledge
from bot.lists import OWN_COST, ListError, Tried, is_small, try_out
from bot.lists.reading import name_column, names_of
from bot.lists.warnings import Threshold
from bot.speech import Voice
from bot.web.desk.door import at_desk
from bot.web.desk.forms import sent_of
from bot.web.desk.receiving import received
from bot.web.desk.rosters import warnings_of
from bot.web.errors import dumps
from bot.web.lines import LINES
from bot.web.shared import ASSISTANT
from engine import fen

#: Rows that are told; a list of more is looked at once it is settled.
MOST_TRIED = 200
_HIGH = f"{OWN_COST}_high"


async def _try(request: web.Request, voice: Voice, book: Book) -> web.Response:
    knowledge, typed = request.app[ASSISTANT].knowledge, dict[str, str]()
    try:
        async with received(request, voice, book, typed) as source:
            try:
                with request.app[LINES].busy(request.protocol):
                    tried = await asyncio.to_thread(_tried, source, sent_of(typed).place or None, knowledge, voice)
            finally:
                await asyncio.to_thread(shutil.rmtree, source.parent, ignore_errors=True)
        threshold = await asyncio.to_thread(Threshold.of, book)
        given = tried.roster.columns[: tried.roster.given]
        who = name_column(names_of(knowledge).columns_of(given), given)
        rows = [*_wrong(tried), *_settled(voice, tried, threshold, who)][:MOST_TRIED]
        told = {"lines": [*_lines(voice, tried)], "rows": sorted(rows, key=lambda row: int(row["row"]))}
    except ListError as error:
        told = {"lines": str(error).splitlines(), "rows": []}
    return web.json_response(told, dumps=dumps, headers={"Cache-Control": "no-store"})


def _tried(source: Path, place: str | None, knowledge: Knowledge, voice: Voice) -> Tried:
    """A list settled while somebody waits. Raises ListError, also for one that would keep others waiting."""
    if not is_small(source):
        raise ListError(voice.say("desk.try.no_answer"))
    return try_out(source, voice.say("desk.unnamed"), place, knowledge, voice)


def _lines(voice: Voice, tried: Tried) -> Iterator[str]:
    """How many rows are settled and how many are not, and what columns were taken for what; sums can wait until the list is kept."""
    settled, wrong = sum(row.own is not None for row in tried.rows), tried.roster.rejects
    refused = len(tried.rows) - settled
    yield voice.say("desk.try.wrong" if wrong else "desk.try.right", rows=f"{settled:,}", rejects=f"{wrong:,}")
    if refused:
        yield voice.say("desk.roster.refused", count=f"{refused:,}")
    if settled + wrong + refused > MOST_TRIED:
        yield voice.say("desk.try.more", count=str(MOST_TRIED))
    yield from tried.about


def _wrong(tried: Tried) -> Iterator[dict[str, Any]]:
    """Each row that has to be set right, by its number in the list, with all that is wrong with it."""
    reasons: dict[int, list[str]] = {}
    for reject in tried.rejects:
        reasons.setdefault(reject.number, []).append(reject.said)
    for number, said in reasons.items():
        yield {"row": number, "cells": ["", "", "", " ".join(said)]}


def _settled(voice: Voice, tried: Tried, threshold: Threshold, who: str | None) -> Iterator[dict[str, Any]]:
    """Each other row: who it is, what they pay and at most, what to look out for."""
    roster, years = tried.roster, tried.unpaid_of_years()
    own, most, status = (roster.columns.index(column, roster.given) for column in (OWN_COST, _HIGH, "status"))
    for row in tried.rows:
        notes = [*warnings_of(voice, roster, row, years, threshold)]
        if row.own is None:
            notes.append(voice.say(f"desk.status.{row.cells[status]}"))
        amounts = [voice.say("desk.amount", own_amount=fen(cell)) if cell else "" for cell in (row.cells[own], row.cells[most])]
        called = row.cells[roster.columns.index(who)] if who else ""
        yield {"row": row.number, "cells": [called, *amounts, " ".join(notes)]}


TRYING = (web.post("/desk/roster/try", at_desk(_try, changes=True, streams=True, tries=True)),)
