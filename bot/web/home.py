"""What a person takes home from a talk, and gives back: the sheet of paper, the code that leads back, a figure that is not right."""

import asyncio
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, get_args

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.assistant import UnknownConversationError
from bot.china import china_today
from bot.conversation.position import LONGEST_LABEL
from bot.desk import tidy_label
from bot.limits import Limit
from bot.paper import Back, PrintMissingError, sheet_pdf
from bot.speech import Voice
from bot.store import Report, StoreError
from bot.web.errors import ApiError, dumps, wrong_case
from bot.web.openapi import operation
from bot.web.pages.rendering import own_address
from bot.web.requests import read_json, read_model
from bot.web.shared import ASSISTANT, CLIENTS, client_of, limited
from engine import CaseError, all_figures

#: Codes are tried far less often than talks are spoken in: a person types one, a machine that guesses needs millions.
_CODES = web.AppKey("codes", Limit)
_CODE_RATE, _CODE_BURST = 1, 20
#: What a person pays can be doubted as well, and what a layer pays, by its key.
_OWN = "out_of_pocket"

LONGEST_REPORT = 500
#: Numbers of papers and telephones are nobody's business here, even where somebody writes them down unasked.
_IDENTITY = re.compile(r"[0-9]{7,}[0-9Xx]?")

_Key = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]


#: One A4 page, or the narrow slip of a pocket printer.
Form = Literal["a4", "slip"]
FORMS: tuple[Form, ...] = get_args(Form)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Print(_Request):
    """The sheet of a talk's estimate: one A4 page, or the narrow slip of a pocket printer. `case`: another one than the talk stands at;
    `label`: what is printed on top of it, such as a house number.
    """

    conversation: _Key
    form: Form = "a4"
    case: dict[str, Any] | None = None
    label: Annotated[str, StringConstraints(strict=True, max_length=LONGEST_LABEL)] = ""


class Data(_Request):
    """A talk, by its key."""

    conversation: _Key


class Resume(_Request):
    """The code on a sheet of paper."""

    code: _Key


class Wrong(_Request):
    """A figure that somebody says is not right, by its name in an edition, with what they think of it."""

    place: _Key
    edition: _Key
    figure: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
    words: Annotated[str, Field(strict=True, max_length=LONGEST_REPORT)] = ""


@operation("The estimate of a talk as a sheet of paper (PDF).", Print, (400, 404, 413, 415, 422, 429, 503), kind="application/pdf")
async def _sheet(request: web.Request) -> web.Response:
    limited(request.app[CLIENTS], client_of(request))
    asked = read_model(await read_json(request), Print)
    voice = request.app[ASSISTANT].knowledge.voice(request.query.get("lang"))
    return pdf_of(await sheet(request, voice, asked.conversation, asked.form, asked.case, asked.label))


async def sheet(
    request: web.Request, voice: Voice, conversation: str, form: Form, case: Mapping[str, Any] | None = None, label: str = ""
) -> bytes:
    """The sheet of a talk's estimate, or of a case told in it, as a PDF with a code that leads back to the talk. Raises ApiError."""
    try:
        answer = await request.app[ASSISTANT].estimate(conversation, case)
    except UnknownConversationError as error:
        raise ApiError(404, "unknown_conversation", "conversation") from error
    except CaseError as error:
        raise wrong_case(voice, error) from error
    if answer is None:
        raise ApiError(422, "no_estimate", "conversation")
    back = await _way_back(request, conversation)
    try:
        return await asyncio.to_thread(partial(sheet_pdf, voice, answer, form=form, made=china_today(), back=back, label=tidy_label(label)))
    except PrintMissingError as error:
        raise ApiError(503, error.code) from error


def pdf_of(sheet: bytes) -> web.Response:
    """A PDF to be looked at, printed or kept."""
    return web.Response(body=sheet, content_type="application/pdf", headers={"Content-Disposition": 'inline; filename="nengbao.pdf"'})


async def _way_back(request: web.Request, conversation: str) -> Back | None:
    """A new code of a talk with its address; none where we do not know how we are reached. Raises ApiError 503."""
    address = own_address(request)
    try:
        code = await request.app[ASSISTANT].code(conversation) if address else None
    except StoreError as error:
        raise ApiError(503, "unavailable") from error
    return Back(f"{address}/t/{code}", f"{code[:5]} {code[5:]}") if code else None


@operation("Everything that is kept of a talk, as a file.", Data, (400, 404, 413, 415, 422, 429, 503))
async def _data(request: web.Request) -> web.Response:
    limited(request.app[CLIENTS], client_of(request))
    return await data_of(request, read_model(await read_json(request), Data).conversation)


async def data_of(request: web.Request, conversation: str) -> web.Response:
    """A talk as a JSON file to keep. Raises ApiError."""
    try:
        kept = await request.app[ASSISTANT].data(conversation)
    except UnknownConversationError as error:
        raise ApiError(404, "unknown_conversation", "conversation") from error
    headers = {"Content-Disposition": 'attachment; filename="nengbao.json"', "Cache-Control": "no-store"}
    return web.json_response(kept, dumps=partial(json.dumps, ensure_ascii=False, indent=1), headers=headers)


@operation("The talk that a code on a sheet of paper leads back to.", Resume, (400, 404, 413, 415, 422, 429, 503))
async def _resume(request: web.Request) -> web.Response:
    limited(request.app[_CODES], client_of(request))
    asked = read_model(await read_json(request), Resume)
    conversation = await request.app[ASSISTANT].found(asked.code)
    if conversation is None:
        raise ApiError(404, "unknown_code", "code")
    return web.json_response({"conversation": conversation}, dumps=dumps)


@operation("Report a figure that is not right; who reports it is not kept.", Wrong, (400, 404, 413, 415, 422, 429, 503))
async def _report(request: web.Request) -> web.Response:
    said = read_model(await read_json(request), Wrong)
    voice = request.app[ASSISTANT].knowledge.voice(request.query.get("lang"))
    return web.json_response({"say": await report(request, voice, said)}, dumps=dumps)


async def report(request: web.Request, voice: Voice, said: Wrong) -> str:
    """Keep for the operator that a figure is not right; the words of thanks. Raises ApiError."""
    limited(request.app[_CODES], client_of(request))
    assistant = request.app[ASSISTANT]
    edition = assistant.knowledge.shelf.find(f"{said.place}/{said.edition}")
    if edition is None:
        raise ApiError(404, "unknown_policy", "place")
    values = {figure.name: str(figure.value) for figure in all_figures(edition.policy)} | dict.fromkeys((*edition.policy.layers, _OWN), "")
    if said.figure not in values:
        raise ApiError(422, "unknown_figure", "figure")
    words = _IDENTITY.sub("…", said.words.replace("\0", "")).strip()
    try:
        await assistant.store.report(Report(said.place, said.edition, said.figure, values[said.figure], words, voice.lang))
    except StoreError as error:
        raise ApiError(503, "unavailable") from error
    return voice.say("report.thanks")


def add_home(app: web.Application) -> None:
    """The routes, and the limit that they share."""
    app[_CODES] = Limit(_CODE_RATE, _CODE_BURST)
    routes = {"sheet": _sheet, "data": _data, "resume": _resume, "report": _report}
    app.add_routes([web.post(f"/api/v1/{name}", handler) for name, handler in routes.items()])
