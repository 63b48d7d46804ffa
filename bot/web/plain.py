"""The talk without scripts: each message is a form, each answer a page. It carries and decides nothing.

A conversation is known by what stands in the form, never by the address of a page. The cookie only brings it back on the next day, and
no message is ever taken on its word alone: another site can make a browser send cookies, but cannot know what stands in our forms.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web

from bot.assistant import UnknownConversationError
from bot.conversation.position import LONGEST_LABEL
from bot.logs import places
from bot.speech import Voice
from bot.understanding.reading import LONGEST
from bot.web.errors import ApiError
from bot.web.home import FORMS, Form, data_of, pdf_of, sheet
from bot.web.pages.rendering import is_secure, page, page_voice
from bot.web.requests import parse_json
from bot.web.shared import ASSISTANT, CLIENTS, SETTINGS, answered, client_of, fields, limited, own_form
from engine import fen

ACTIONS = ("back", "restart", "why", "help")
_COOKIE = "nengbao_talk"
_SECONDS_A_DAY = 86_400
#: How many turns before the newest are shown, and how many more can be unfolded.
_SHOWN, _FOLDED = 2, 20
#: The ways to say something. A message is one of them.
_KINDS = ("text", "choice", "action")
#: Errors with which the talk is not read either: there is too much to do already, or something is broken.
_BUSY = (429, 500, 503)
_log = structlog.get_logger()

_HEADERS = {
    # A form of ours has to be able to say that it is ours; with `no-referrer` its Origin would be empty.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


@dataclass(frozen=True, slots=True)
class _Form:
    """What a page sends. `kind` and `value`: the one thing that was said."""

    conversation: str | None = None
    message_id: str | None = None
    place: str | None = None
    lang: str | None = None
    kind: str = "text"
    value: str = ""

    @property
    def raw(self) -> dict[str, Any]:
        """The message as a turn request. Its id holds what was said, so that another button of an old page is a message of its own."""
        said = f"{self.message_id}\0{self.kind}\0{self.value}".encode()
        message_id = self.message_id and hashlib.blake2b(said, digest_size=16).hexdigest()
        about = {"conversation": self.conversation, "place": self.place, "lang": self.lang, "channel": "plain"}
        return about | {self.kind: self.value} | ({"message_id": message_id} if message_id else {})


@dataclass(frozen=True, slots=True)
class _Talk:
    """What a page shows: the answers so far, and what is said about the message that was just sent."""

    conversation: str | None
    turns: list[dict[str, Any]]
    form: _Form
    notice: str = ""
    said: str = ""
    sorry: ApiError | None = None


async def _show(request: web.Request) -> web.Response:
    """Where the talk stands that this browser has begun, or how one begins."""
    limited(request.app[CLIENTS], client_of(request))
    voice = page_voice(request)
    form = _Form(place=request.query.get("place"), lang=voice.lang)
    known = request.cookies.get(_COOKIE)
    if not known or not known.isascii():
        return _page(request, voice, _opened(request, voice, form))
    try:
        turns = await request.app[ASSISTANT].missed(known, 0)
    except UnknownConversationError:
        response = _page(request, voice, _opened(request, voice, form, voice.say("plain.expired")))
        response.del_cookie(_COOKIE, path="/plain")
        return response
    return _page(request, voice, _Talk(known, turns, form) if turns else _opened(request, voice, form))


async def _say(request: web.Request) -> web.Response:
    """One message, and the page with its answer. Whatever goes wrong is told on the page, with what was typed still there."""
    form = _form(await request.read())
    voice = page_voice(request, form.lang)
    try:
        limited(request.app[CLIENTS], client_of(request))
        own_form(request)
        _check(voice, form)
        answer = await answered(request, form.raw)
    except ApiError as error:
        return _page(request, voice, await _refused(request, voice, form, error))
    except Exception as error:
        # A mistake of ours must not cost the person what they typed.
        _log.error("form_failed", error=type(error).__name__, where=places(error))
        return _page(request, voice, await _refused(request, voice, form, ApiError(500, "internal")))
    return await _told(request, voice, form, answer)


async def _file(request: web.Request) -> web.Response:
    """The sheet of the talk's estimate, or everything that is kept of it; what hinders it is told on the page of the talk."""
    sent = fields(await request.read())
    voice = page_voice(request, sent.get("lang"))
    form = _Form(conversation=sent.get("conversation"), place=sent.get("place") or None, lang=voice.lang, kind="form")
    try:
        limited(request.app[CLIENTS], client_of(request))
        own_form(request)
        if "form" not in sent:
            return await data_of(request, str(form.conversation))
        case = parse_json(sent["case"]) if "case" in sent else None
        if case is not None and not isinstance(case, dict):
            raise ApiError(422, "invalid", "case")
        paper: Form = "slip" if sent["form"] == "slip" else "a4"
        return pdf_of(await sheet(request, voice, str(form.conversation), paper, case, sent.get("label", "")[:LONGEST_LABEL]))
    except ApiError as error:
        return _page(request, voice, await _refused(request, voice, form, error))


async def _told(request: web.Request, voice: Voice, form: _Form, answer: dict[str, Any]) -> web.Response:
    if answer.get("erased"):
        response = _page(request, voice, _Talk(None, [answer], form, said=_words_of(voice, form, [])))
        response.del_cookie(_COOKIE, path="/plain")
        response.headers["Clear-Site-Data"] = '"cache"'
        return response
    key = answer["conversation"]
    turns = await request.app[ASSISTANT].missed(key, 0)
    again = bool(turns) and answer["turn"] < turns[-1]["turn"]
    # Before the first message stood the page that nobody kept.
    said = "" if again or answer.get("secret") else _words_of(voice, form, [*_opened(request, voice, form).turns, *turns[:-1]])
    notice = voice.say("plain.again") if again else ""
    response = _page(request, voice, _Talk(key, turns or [answer], form, notice, said))
    remember(request, response, key)
    return response


def remember(request: web.Request, response: web.StreamResponse, conversation: str) -> None:
    """Let the page open with a talk for as long as it is kept."""
    seconds = request.app[SETTINGS].retention_days * _SECONDS_A_DAY
    secure = is_secure(request)
    response.set_cookie(_COOKIE, conversation, max_age=seconds, path="/plain", httponly=True, samesite="Strict", secure=secure)


async def _refused(request: web.Request, voice: Voice, form: _Form, error: ApiError) -> _Talk:
    """The page for a message that was not taken."""
    notice = str(error.body(voice)["error"]["say"])
    if error.status in _BUSY:
        return _Talk(form.conversation, [], form, notice, sorry=error)
    if error.status == web.HTTPForbidden.status_code:
        return replace(_opened(request, voice, _Form(lang=form.lang), notice), sorry=error)
    if form.conversation is None:
        return replace(_opened(request, voice, form, notice), sorry=error)
    try:
        turns = await request.app[ASSISTANT].missed(form.conversation, 0)
    except UnknownConversationError:
        notice = voice.say("plain.expired.text" if form.kind == "text" else "plain.expired")
        return replace(_opened(request, voice, form, notice), sorry=error)
    return _Talk(form.conversation, turns, form, notice, sorry=error)


def _opened(request: web.Request, voice: Voice, form: _Form, notice: str = "") -> _Talk:
    """A talk that nobody has said anything in yet; nothing is kept of it."""
    return _Talk(None, [{"replies": request.app[ASSISTANT].opening(form.place, voice.lang)}], form, notice)


def _form(body: bytes) -> _Form:
    sent = fields(body)
    kind = next((name for name in reversed(_KINDS) if name in sent), "text")
    known = {name: sent.get(name) or None for name in ("conversation", "message_id", "place", "lang")}
    return _Form(**known, kind=kind, value=sent.get(kind, "").strip())


def _check(voice: Voice, form: _Form) -> None:
    """Raises ApiError 422 for nothing and for too much."""
    if not form.value:
        raise ApiError(422, "nothing_said", "text", voice.say("plain.empty"))
    if len(form.value) > LONGEST:
        raise ApiError(422, "too_long", "text", voice.say("plain.too_long", most=LONGEST))


def _page(request: web.Request, voice: Voice, talk: _Talk) -> web.Response:
    *earlier, newest = talk.turns or [{"replies": []}]
    shown, form = [_turn(voice, turn) for turn in earlier[-_SHOWN - _FOLDED :]], talk.form
    lost, own = talk.sorry is not None, _own_sheet(newest)
    return page(
        request,
        "plain.html",
        voice,
        status=talk.sorry.status if talk.sorry else 200,
        headers=_HEADERS | (talk.sorry.headers if talk.sorry else {}),
        conversation=talk.conversation,
        message_id=secrets.token_urlsafe(16),
        place=form.place,
        older=shown[:-_SHOWN],
        before=shown[-_SHOWN:],
        newest=_turn(voice, newest),
        notice=talk.notice,
        said=talk.said,
        sorry=lost,
        text=form.value if lost and form.kind == "text" else "",
        retry={"name": form.kind, "value": form.value} if lost and form.kind != "text" and not talk.turns else None,
        actions=ACTIONS,
        forms=FORMS if talk.conversation and (own or any("estimate" in reply for reply in newest["replies"])) else (),
        case=json.dumps(own["case"], ensure_ascii=False) if own else None,
        label=own.get("label", "") if own else "",
    )


def _own_sheet(turn: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The case of which a sheet is printed and what its household is called, where the talk may stand at another one by now."""
    beside = (each for reply in turn["replies"] for each in reply.get("attachments", ()) if each["kind"] == "sheet")
    return next(beside, None)


def _words_of(voice: Voice, form: _Form, turns: list[dict[str, Any]]) -> str:
    """What the person said in this very message; of a button its words, which stand under an earlier answer."""
    if form.kind == "text":
        return form.value
    if form.kind == "action":
        return voice.say(f"plain.action.{form.value}") if form.value in ACTIONS else ""
    choices = (choice for turn in reversed(turns) for reply in turn["replies"] for choice in reply.get("choices", ()))
    return next((choice["label"] for choice in choices if choice["key"] == form.value), "")


def _turn(voice: Voice, turn: Mapping[str, Any]) -> dict[str, Any]:
    """One answer as the page shows it."""
    replies = [_reply(voice, reply) for reply in turn["replies"]]
    return {"replies": replies, "choices": [choice for reply in turn["replies"] for choice in reply.get("choices", ())]}


def _reply(voice: Voice, reply: Mapping[str, Any]) -> dict[str, Any]:
    estimate = reply.get("estimate") or {}
    pictures = [each for each in reply.get("attachments", ()) if each["kind"] == "picture"]
    layers = [layer for layer in estimate.get("layers", ()) if layer["status"] != "not_applicable"]
    titles = {source["key"]: source["title"] for source in estimate.get("sources", ())}
    return {
        "kind": reply["kind"],
        "lines": reply["text"].split("\n"),
        "pictures": [{"source": _source(each), "text": each.get("text", "")} for each in pictures],
        "file": next((each["text"] for each in reply.get("attachments", ()) if each["kind"] == "file"), ""),
        "clauses": next((each for each in reply.get("attachments", ()) if each["kind"] == "clauses"), None),
        "layers": [_layer(voice, layer, titles) for layer in layers],
        "rules": f"/policies/{estimate.get('place')}/{estimate.get('edition')}",
        "place": estimate.get("place"),
        "edition": estimate.get("edition"),
    }


def _source(picture: Mapping[str, str]) -> str:
    """A picture as an image, in which an SVG can neither run scripts nor fetch anything."""
    kind, data = picture["media_type"], picture["data"]
    return f"data:{kind};charset=utf-8,{quote(data)}" if kind == "image/svg+xml" else f"data:{kind};base64,{data}"


def _layer(voice: Voice, layer: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "key": layer["key"],
        "label": layer["label"],
        "outcome": _outcome(voice, layer),
        "steps": [step["say"] for step in layer["steps"]],
        "grounds": list(_grounds(voice, layer, titles)),
    }


def _outcome(voice: Voice, layer: Mapping[str, Any]) -> str:
    """What a layer comes to, in a few words."""
    if layer["status"] != "paid":
        return voice.say(f"plain.status.{layer['status']}")
    low, high = layer["low"], layer["high"]
    if high is not None and low != high:
        return voice.say("plain.status.range", low_amount=fen(low), high_amount=fen(high))
    return voice.say("plain.status.paid", amount=fen(layer["payout"]))


def _grounds(voice: Voice, layer: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The figures behind a layer, each with how firm it is, by the document they are from."""
    figures = sorted(layer["figures"], key=lambda figure: list(titles).index(figure["source"]))
    for source, group in groupby(figures, key=lambda figure: figure["source"]):
        yield titles[source], [{"name": figure["name"], "words": _marked(voice, figure)} for figure in group]


def _marked(voice: Voice, figure: Mapping[str, Any]) -> str:
    words = str(figure["say"])
    return words + voice.say("mark", mark=figure["mark"]) if "mark" in figure else words


PLAIN = (web.get("/plain", _show), web.post("/plain", _say), web.post("/plain/file", _file))
