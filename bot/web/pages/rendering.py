"""Templates become pages: in the reader's language, with every value escaped, and readable without scripts.

Jinja2 is loaded with the first page, so that starting up and the commands do not wait for it.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from bot.langs import LANGS, spoken
from bot.speech import Voice
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT, SETTINGS

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent
#: Medical insurance, and the line for those who do not want to live.
_HOTLINE = re.compile(r"\b(12393|12356)\b(?!\.\d| ?元)", re.ASCII)
#: What a Host header may hold; anything else is not shown as our address.
_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-fA-F:.]+\](:\d+)?", re.ASCII)


def page(
    request: web.Request,
    template: str,
    voice: Voice | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> web.Response:
    """A page made from a template. `values` are what it shows."""
    voice = voice or page_voice(request)
    text = _templates().get_template(template).render(_shared(request, voice) | values)
    given = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": html_lang(voice.lang)} | dict(headers or {})
    response = web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=given)
    response.enable_compression()
    return response


def page_voice(request: web.Request, wished: str | None = None) -> Voice:
    """The voice of the page: the language wished for, else the first of the browser's that is spoken here, else Chinese."""
    known = request.app[ASSISTANT].knowledge
    wished = wished or request.query.get("lang")
    return known.voice(spoken(wished) or _accepted(request.headers.get("Accept-Language", "")))


def html_lang(lang: str) -> str:
    """A language as HTML names it."""
    return lang.replace("_", "-")


def own_address(request: web.Request) -> str:
    """Where the reader found us; a proxy in front says so by the usual header."""
    told = request.headers.get("X-Forwarded-Proto", "")
    scheme = told if told in ("http", "https") else request.scheme
    return f"{scheme}://{request.host}" if _HOST.fullmatch(request.host) else ""


def is_secure(request: web.Request) -> bool:
    """Whether the reader's browser came by https."""
    return own_address(request).startswith("https:")


def refusal(request: web.Request, error: ApiError) -> web.Response:
    """An error as its reader can use it: a kind page for a person with a browser, the API's JSON for everybody else."""
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        return error.response(request.app[ASSISTANT].knowledge.voice(request.query.get("lang")))
    voice = page_voice(request)
    return page(request, "refusal.html", voice, status=error.status, headers=error.headers, sorry=error.body(voice)["error"]["say"])


def _accepted(header: str) -> str | None:
    """The first language of an Accept-Language header that is spoken here; by its base when the very one is not."""
    weighted = []
    for part in header.split(","):
        tag, _, told = part.strip().partition(";q=")
        weighted.append((-_weight(told), tag.strip().lower()))
    for unwanted, tag in sorted(weighted, key=lambda pair: pair[0]):
        lang = spoken(tag) if unwanted else None
        if lang is not None:
            return lang
    return None


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["dialable"] = _dialable
    return made


def _shared(request: web.Request, voice: Voice) -> dict[str, Any]:
    """What every template may use."""
    chosen = {"lang": voice.lang} if request.query.get("lang") == voice.lang else {}
    others = {lang: _with(request.path, {**request.query, "lang": lang}) for lang in LANGS if lang != voice.lang}
    return {
        "say": voice.say,
        "written": voice.written,
        "operator": request.app[SETTINGS].operator,
        "day": lambda text: voice.worded("day", date.fromisoformat(text)),
        "html_lang": html_lang,
        "lang": voice.lang,
        "other_langs": others,
        "link": lambda path, **query: _with(path, query | chosen),
    }


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _dialable(text: str) -> "Markup":
    """Words with the insurance hotline made a link to dial; an amount of that size is left alone."""
    from markupsafe import Markup

    parts = _HOTLINE.split(text)
    linked = (Markup('<a href="tel:{0}">{0}</a>').format(part) if odd % 2 else part for odd, part in enumerate(parts))
    return Markup("").join(linked)
