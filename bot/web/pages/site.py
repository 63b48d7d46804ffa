"""The site: what this is and the chat to try it, which rules are held, and each of them as a page to read."""

from typing import Any

from aiohttp import web

from bot.speech import Voice, policy_json, policy_row
from bot.web.errors import ApiError
from bot.web.pages.rendering import own_address, page, page_voice
from bot.web.shared import ASSISTANT, SETTINGS

#: How many lines the promise of privacy has, `site.privacy.1` and so on.
PRIVACY_LINES = range(1, 11)


async def _home(request: web.Request) -> web.Response:
    """The front page; a link with ?place=… or ?lang=… opens the chat with that known, the code of a sheet of paper with that talk."""
    known, voice = request.app[ASSISTANT].knowledge, page_voice(request)
    place = request.query.get("place")
    return page(
        request,
        "home.html",
        voice,
        place=place if place in known.shelf.places else None,
        code=request.match_info.get("code"),
        example=place if place in known.shelf.places else min(known.shelf.places),
        address=own_address(request),
        rows=_rows(request, voice),
        privacy=PRIVACY_LINES,
        days=request.app[SETTINGS].retention_days,
    )


async def _list(request: web.Request) -> web.Response:
    voice = page_voice(request)
    return page(request, "policies.html", voice, rows=_rows(request, voice))


async def _policy(request: web.Request) -> web.Response:
    """One edition to be read: the very answer of the API, laid out. Every figure has an id, so that an answer can point at it."""
    assistant, voice = request.app[ASSISTANT], page_voice(request)
    edition = assistant.knowledge.shelf.find(f"{request.match_info['place']}/{request.match_info['edition']}")
    if edition is None:
        raise ApiError(404, "unknown_policy")
    policy = policy_json(voice, edition)
    past = assistant.today() > edition.policy.horizon.verified_until
    figures = {figure["name"]: figure for figure in policy["figures"]}
    numbers = {key: number for number, key in enumerate(policy["sources"], start=1)}
    return page(request, "policy.html", voice, policy=policy, figures=figures, numbers=numbers, past=past, notes_of=_notes)


def _rows(request: web.Request, voice: Voice) -> list[dict[str, Any]]:
    return [policy_row(voice, edition) for edition in request.app[ASSISTANT].knowledge.shelf.editions()]


def _notes(variant: dict[str, Any], figures: dict[str, dict[str, Any]]) -> list[str]:
    """What those who wrote the rules down noted beside them, once each."""
    notes = [*variant["notes"], *(rule["note"] for rule in variant["rules"])]
    for clause in variant["clauses"]:
        notes += [clause["note"], *(figures[name]["note"] for name in clause["figures"])]
    return list(dict.fromkeys(note for note in notes if note))


SITE = (
    web.get("/", _home),
    web.get("/t/{code:[0-9A-Za-z]{1,40}}", _home),
    web.get("/policies", _list),
    web.get("/policies/{place}/{edition}", _policy),
)
