"""A figure that is not right, told without scripts: a page for each figure, with a field for what is wrong about it.

A page of rules has a link to it beside each figure. An answer has a form instead, which names the figure in its body: which figure somebody
looks at in their own answer tells their category and hospital, and no address may.
"""

from typing import Any

from aiohttp import web
from pydantic import ValidationError

from bot.speech import Voice, policy_json
from bot.web.errors import ApiError
from bot.web.home import LONGEST_REPORT, Wrong, report
from bot.web.pages.rendering import page, page_voice
from bot.web.shared import ASSISTANT, fields, own_form

#: What names a figure: in the address of a page, or in a form.
_NAMES = ("place", "edition", "figure")


async def _ask(request: web.Request) -> web.Response:
    return _page(request, page_voice(request), dict(request.match_info))


async def _tell(request: web.Request) -> web.Response:
    """Thanks, or why it could not be kept, with what was written still there; a form without words asks for them."""
    sent = fields(await request.read())
    voice, words = page_voice(request, sent.get("lang")), sent.get("words")
    about = {name: sent.get(name, "") for name in _NAMES} | dict(request.match_info)
    if words is None and not request.match_info:
        return _page(request, voice, about)
    try:
        own_form(request)
        return _page(request, voice, about, thanks=await report(request, voice, Wrong(**about, words=words or "")))
    except ValidationError:
        error = ApiError(422, "too_long", "words", voice.say("wrong.too_long", most=LONGEST_REPORT))
    except ApiError as refused:
        error = refused
    return _page(request, voice, about, words=words or "", error=error)


def _page(
    request: web.Request, voice: Voice, about: dict[str, str], *, thanks: str = "", words: str = "", error: ApiError | None = None
) -> web.Response:
    found = request.app[ASSISTANT].knowledge.shelf.find(f"{about['place']}/{about['edition']}")
    if found is None:
        raise ApiError(404, "unknown_policy")
    policy = policy_json(voice, found)
    told = next((each for each in policy["figures"] if each["name"] == about["figure"]), None)
    # A page that a form leads to has no address of its own in another language.
    alone: dict[str, Any] = {} if request.match_info else {"other_langs": {}}
    return page(
        request,
        "wrong.html",
        voice,
        status=error.status if error else 200,
        headers={"Referrer-Policy": "same-origin"},  # as for the forms of a talk: a form of ours has to be able to say that it is ours
        policy=policy,
        figure=told,
        about=about,
        most=LONGEST_REPORT,
        thanks=thanks,
        words=words,
        notice=error.body(voice)["error"]["say"] if error else "",
        **alone,
    )


WRONG = (
    web.get("/wrong/{place}/{edition}/{figure}", _ask),
    web.post("/wrong/{place}/{edition}/{figure}", _tell),
    web.post("/wrong", _tell),
)
