"""The web door: the page with the widget, the API, and the WebSocket the widget talks through. It carries and decides nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from aiohttp import WSMsgType, web
from structlog.contextvars import bound_contextvars

from bot.assistant import Assistant, UnknownConversationError
from bot.limits import Limit
from bot.logs import places
from bot.settings import Settings
from bot.speech import Voice, guidance_json, policy_json, policy_row
from bot.store import StoreError
from bot.store.trouble import BUSY
from bot.web.answering import Answering, add_answering
from bot.web.assets import serve
from bot.web.closing import GATE, Gate, until_shut
from bot.web.desk import add_desk
from bot.web.errors import ApiError, dumps, wrong_case
from bot.web.foreign import allowed_origin, foreign, is_for_foreigners
from bot.web.home import add_home
from bot.web.lines import LINES, Lines, send, whole
from bot.web.metrics import METRICS, Metrics, add_metrics, method_of, route_of
from bot.web.openapi import document, operation
from bot.web.pages.rendering import refusal
from bot.web.pages.site import SITE
from bot.web.plain import PLAIN
from bot.web.questions import QUESTIONS, Question
from bot.web.requests import Turn, parse_json, read_json
from bot.web.shared import ASSISTANT, CLIENTS, CONVERSATIONS, DOORS, SETTINGS, answered, client_of, limited
from bot.web.tracing import HEADER, name_of, traced
from bot.web.wrong import WRONG
from engine import CaseError, Edition, Estimate, guide

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Hook = Callable[[Mapping[str, str], bytes], Awaitable[int]]


#: A case or a message is small; anything larger is a mistake or an attack.
MOST_BYTES = 256 * 1024
_PROBE_SECONDS = 2
#: More turns than any talk will have; larger numbers do not fit the store.
_MOST_TURNS = 2**31
#: How long widgets get to answer that their connection is closed.
_CLOSING_SECONDS = 1

SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])
_HEADERS = web.AppKey("headers", dict[str, str])

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_log = structlog.get_logger()


def make_app(
    assistant: Assistant, settings: Settings, hooks: Mapping[str, Hook] | None = None, answering: Sequence[Answering] = ()
) -> web.Application:
    """The application with all routes. `hooks`: paths on which other doors take deliveries; `answering`: doors that answer within them."""
    app = web.Application(middlewares=[traced, _errors, until_shut, foreign, whole], client_max_size=MOST_BYTES)
    app[ASSISTANT], app[SETTINGS] = assistant, settings
    app[CLIENTS] = Limit(settings.client_rate, settings.client_burst)
    app[CONVERSATIONS] = Limit(settings.conversation_rate, max(1, round(settings.conversation_rate)))
    app[DOORS] = Limit(settings.door_rate, max(1, round(2 * settings.door_rate)))
    app[SOCKETS], app[GATE], app[LINES] = set(), Gate(), Lines(settings.line_seconds)
    app[_HEADERS] = _SECURITY | _carried_by(settings.named_origins())
    app.add_routes(
        [
            *SITE,
            *PLAIN,
            *WRONG,
            web.get("/widget.js", serve),
            web.get("/page.css", serve),
            web.get("/desk.js", serve),
            web.get("/desk.css", serve),
            web.get("/ws", _socket),
            web.post("/api/v1/turn", _turn),
            *(web.post(path, handler) for path, handler in _QUESTIONS.items()),
            web.get("/api/v1/guidance/{place}", _guidance),
            web.get("/api/v1/policies", _policies),
            web.get("/api/v1/policies/{place}/{edition}", _policy),
            web.get("/api/openapi.json", _openapi),
            web.get("/healthz", _alive),
            web.get("/readyz", _ready),
        ]
    )
    add_desk(app)
    add_home(app)
    add_metrics(app, Metrics(assistant, app[SOCKETS]), hooks or {})
    app.add_routes([web.post(path, _hook(take)) for path, take in (hooks or {}).items()])
    add_answering(app, answering)
    app.on_response_prepare.append(_secure)
    app.on_shutdown.append(_close_sockets)
    return app


def _carried_by(origins: frozenset[str]) -> dict[str, str]:
    """Which sites may show our pages within theirs: all of them, unless some are named."""
    if not origins:
        return {}
    return {"Content-Security-Policy": f"{_SECURITY['Content-Security-Policy']}; frame-ancestors 'self' {' '.join(sorted(origins))}"}


def program_version() -> str:
    """The installed version."""
    try:
        return version("nengbao")
    except PackageNotFoundError:
        return "0"


def _question(question: Question[Any]) -> Handler:
    """The handler of a question. A wrong request is 422 and names its field."""

    @operation(question.summary, question.takes, (400, 413, 415, 422, 429), optional=question.optional)
    async def answer(request: web.Request) -> web.StreamResponse:
        limited(request.app[CLIENTS], client_of(request))
        raw, voice, assistant = await read_json(request), _voice(request), request.app[ASSISTANT]
        if not isinstance(raw, dict):
            raise ApiError(422, "invalid", "body")
        try:
            settle = partial(question.settle, raw, assistant.knowledge, assistant.today())
            settled = await asyncio.to_thread(settle) if question.many else settle()
        except CaseError as error:
            raise wrong_case(voice, error) from error
        if isinstance(settled, Estimate):
            assistant.counters.told(settled.case.place, settled.status)
        return web.json_response(question.tell(voice, settled), dumps=dumps)

    return answer


#: Made once, so that the API document knows them.
_QUESTIONS = {question.path: _question(question) for question in QUESTIONS}


@operation("One message of a conversation.", Turn, (400, 404, 413, 415, 422, 429, 503))
async def _turn(request: web.Request) -> web.Response:
    limited(request.app[CLIENTS], client_of(request))
    return web.json_response(await answered(request, await read_json(request)), dumps=dumps)


@operation("What to know, arrange and bring before going to hospital.", errors=(404, 422), query=("category",))
async def _guidance(request: web.Request) -> web.Response:
    assistant = request.app[ASSISTANT]
    place, voice = request.match_info["place"], _voice(request)
    if place not in assistant.knowledge.shelf.places:
        raise ApiError(404, "unknown_policy", "place")
    try:
        answer = guide(place, request.query.get("category"), assistant.knowledge.shelf, assistant.today())
    except CaseError as error:
        raise wrong_case(voice, error) from error
    return web.json_response(guidance_json(voice, answer), dumps=dumps)


@operation("The editions of rules that are held.")
async def _policies(request: web.Request) -> web.Response:
    editions = request.app[ASSISTANT].knowledge.shelf.editions()
    return web.json_response({"policies": [policy_row(_voice(request), edition) for edition in editions]}, dumps=dumps)


@operation("One edition with every figure, its basis and its source.", errors=(404,))
async def _policy(request: web.Request) -> web.Response:
    return web.json_response(policy_json(_voice(request), _edition(request)), dumps=dumps)


@operation("This document.")
async def _openapi(request: web.Request) -> web.Response:
    shelf = request.app[ASSISTANT].knowledge.shelf
    names = {"place": sorted(shelf.places), "edition": sorted({edition.policy.edition for edition in shelf.editions()})}
    return web.json_response(document(request.app, program_version(), names))


@operation("Whether the process answers.")
async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"}, dumps=dumps)


@operation("Whether turns can be kept.", errors=(503,))
async def _ready(request: web.Request) -> web.Response:
    try:
        trouble = await asyncio.wait_for(request.app[ASSISTANT].store.ready(), _PROBE_SECONDS)
    except TimeoutError:
        trouble = BUSY  # who asks whether we are ready does not wait for a locked file
    if trouble is None:
        return web.json_response({"status": "ok", "store": "ok", "policies": len(request.app[ASSISTANT].knowledge.shelf.editions())})
    error = ApiError(503, "unavailable")
    body = {"status": "unavailable", "store": trouble, **error.body(_voice(request))}
    return web.json_response(body, status=error.status, headers=error.headers, dumps=dumps)


def _hook(take: Hook) -> Handler:
    """A delivery for another door. It is finished even when whoever delivers hangs up."""
    codes = {400: "not_json", 403: "forbidden", 503: "unavailable"}

    async def deliver(request: web.Request) -> web.StreamResponse:
        status = await asyncio.shield(_take(request, take, await request.read()))
        if status in codes:
            raise ApiError(status, codes[status])
        return web.Response()

    return deliver


async def _take(request: web.Request, take: Hook, body: bytes) -> int:
    with request.app[GATE].inside():
        return await take(request.headers, body)


async def _socket(request: web.Request) -> web.WebSocketResponse:
    """The widget's connection: `hello` brings missed answers, `turn` is a message; see widget.js for the other side."""
    socket = web.WebSocketResponse(heartbeat=request.app[LINES].seconds, max_msg_size=MOST_BYTES)
    if not socket.can_prepare(request):
        raise ApiError(400, "not_websocket")
    try:
        await socket.prepare(request)
    except ConnectionError as error:
        raise ApiError(400, "broken_request") from error
    request.app[SOCKETS].add(socket)
    request.app[LINES].hold(request.protocol)
    number = 0
    try:
        async for frame in socket:
            if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                number += 1
                with request.app[GATE].inside(), bound_contextvars(request=f"{name_of(request)}-{number}"):
                    await send(request, socket, dumps(await _frame(request, frame.data)))
    except ConnectionError:
        pass  # a widget that has gone is no failure
    finally:
        request.app[LINES].rest(request.protocol)
        request.app[SOCKETS].discard(socket)
    return socket


async def _frame(request: web.Request, data: str | bytes) -> dict[str, Any]:
    """Answer one frame, and log that it was answered."""
    started = time.monotonic()
    status, answer = await _answer(request, data)
    _log.info("frame", route="/ws", status=status, ms=round((time.monotonic() - started) * 1000, 1))
    return answer


async def _answer(request: web.Request, data: str | bytes) -> tuple[int, dict[str, Any]]:
    """The answer to a frame and its status; every failure is an answer too, so that one bad frame never ends the talk."""
    message_id = None
    try:
        raw = parse_json(data)
        if not isinstance(raw, dict):
            raise ApiError(422, "invalid", "body")
        kind = raw.pop("type", None)
        message_id = raw.get("message_id")
        limited(request.app[CLIENTS], client_of(request))
        if kind == "hello":
            return 200, await _hello(request, raw)
        if kind != "turn":
            raise ApiError(422, "invalid", "type")
        return 200, {"type": "turn", **await answered(request, raw)}
    except ApiError as error:
        return error.status, _error_frame(request, message_id, error)
    except StoreError:
        return 503, _error_frame(request, message_id, ApiError(503, "unavailable"))
    except Exception as error:
        _log.error("frame_failed", error=type(error).__name__, where=places(error))
        return 500, _error_frame(request, message_id, ApiError(500, "internal"))


async def _hello(request: web.Request, raw: dict[str, Any]) -> dict[str, Any]:
    conversation, after = raw.get("conversation"), raw.get("after", 0)
    if conversation is None:
        return {"type": "events", "conversation": None, "events": []}
    if not isinstance(conversation, str) or not _encodable(conversation):
        raise ApiError(422, "invalid", "conversation")
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < _MOST_TURNS:
        raise ApiError(422, "invalid", "after")
    try:
        events = await request.app[ASSISTANT].missed(conversation, after)
    except UnknownConversationError as error:
        raise ApiError(404, "unknown_conversation", "conversation") from error
    return {"type": "events", "conversation": conversation, "events": events}


def _error_frame(request: web.Request, message_id: Any, error: ApiError) -> dict[str, Any]:
    said = message_id if isinstance(message_id, str) and _encodable(message_id) else None
    return {"type": "error", "message_id": said, **error.body(_voice(request))}


def _encodable(text: str) -> bool:
    """Whether a text can be sent and stored: JSON may hold half of a surrogate pair, UTF-8 may not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _edition(request: web.Request) -> Edition:
    found = request.app[ASSISTANT].knowledge.shelf.find(f"{request.match_info['place']}/{request.match_info['edition']}")
    if found is None:
        raise ApiError(404, "unknown_policy")
    return found


def _voice(request: web.Request) -> Voice:
    return request.app[ASSISTANT].knowledge.voice(request.query.get("lang"))


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    started = time.monotonic()
    try:
        response = await handler(request)
    except ApiError as error:
        response = refusal(request, error)
    except StoreError:
        response = refusal(request, ApiError(503, "unavailable"))
    except web.HTTPException as error:
        code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status)
        if code is None:
            raise
        response = refusal(request, ApiError(error.status, code))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except Exception as error:
        _log.error("request_failed", error=type(error).__name__, where=places(error))
        response = refusal(request, ApiError(500, "internal"))
    seconds, method, route = time.monotonic() - started, method_of(request), route_of(request)
    request.app[METRICS].answered(route, method, response.status, seconds)
    _log.info("request", method=method, route=route, status=response.status, ms=round(seconds * 1000, 1))
    return response


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[HEADER] = name_of(request)
    if isinstance(response, web.WebSocketResponse):
        return  # no page, and each chat that is open somewhere would keep the headers of one
    for name, value in (request.app[_HEADERS] | (allowed_origin(request) if is_for_foreigners(request.path) else {})).items():
        response.headers.setdefault(name, value)


async def _close_sockets(app: web.Application) -> None:
    """Tell all widgets at once that the server goes away. One that has gone to sleep must not hold up the others."""
    closing = [asyncio.create_task(socket.close(code=1001, message=b"server stops")) for socket in app[SOCKETS]]
    if closing:
        _, asleep = await asyncio.wait(closing, timeout=_CLOSING_SECONDS)
        for task in asleep:
            task.cancel()
