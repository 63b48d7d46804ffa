"""A figure that is not right, told without scripts: a page for each figure, with a field for what is wrong about it."""

from aiohttp import web
from pydantic import ValidationError

from bot.speech import Voice, policy_json
from bot.web.errors import ApiError
from bot.web.home import LONGEST_REPORT, Wrong, report
from bot.web.pages.rendering import page, page_voice
from bot.web.shared import ASSISTANT, fields, own_form


async def _ask(request: web.Request) -> web.Response:
    return _page(request, page_voice(request))


async def _tell(request: web.Request) -> web.Response:
    """Thanks, or why it could not be kept, with what was written still there."""
    sent = fields(await request.read())
    voice, words = page_voice(request, sent.get("lang")), sent.get("words", "")
    try:
        own_form(request)
        return _page(request, voice, thanks=await report(request, voice, Wrong(**request.match_info, words=words)))
    except ValidationError:
        error = ApiError(422, "too_long", "words", voice.say("wrong.too_long", most=LONGEST_REPORT))
    except ApiError as refused:
        error = refused
    return _page(request, voice, words=words, error=error)


def _page(request: web.Request, voice: Voice, *, thanks: str = "", words: str = "", error: ApiError | None = None) -> web.Response:
    place, edition, figure = (request.match_info[name] for name in ("place", "edition", "figure"))
    found = request.app[ASSISTANT].knowledge.shelf.find(f"{place}/{edition}")
    if found is None:
        raise ApiError(404, "unknown_policy")
    policy = policy_json(voice, found)
    told = next((each for each in policy["figures"] if each["name"] == figure), None)
    return page(
        request,
        "wrong.html",
        voice,
        status=error.status if error else 200,
        headers={"Referrer-Policy": "same-origin"},  # as for the forms of a talk: a form of ours has to be able to say that it is ours
        policy=policy,
        figure=told,
        most=LONGEST_REPORT,
        thanks=thanks,
        words=words,
        notice=error.body(voice)["error"]["say"] if error else "",
    )


WRONG = (
    web.get("/wrong/{place}/{edition}/{figure}", _ask),
    web.post("/wrong/{place}/{edition}/{figure}", _tell),
)
