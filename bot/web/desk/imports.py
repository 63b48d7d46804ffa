"""How far a list is that was brought to the desk."""

import asyncio

from aiohttp import web

from bot.desk import Book, Import, Imports
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page, number_of, see
from bot.web.errors import ApiError

#: How often the page looks again, in seconds.
_LOOK_AGAIN = "2"
#: Where what became of a list is seen, and where it was brought.
_PLACES = {"roster": "/desk/roster", "register": "/desk/registers", "enrolment": "/desk/enrolment", "bills": "/desk/bills"}
_FORMS = {**_PLACES, "roster": "/desk"}


def place_of(found: Import) -> str:
    """The page of a list: what it became, or how far it is."""
    return f"{_PLACES[found.kind]}/{found.made}" if found.state == "done" else f"/desk/imports/{found.number}"


async def _show(request: web.Request, voice: Voice, book: Book) -> web.Response:
    found = await asyncio.to_thread(Imports(book).one, number_of(request))
    if found is None:
        raise ApiError(404, "not_found")
    if found.state == "done":
        return see(place_of(found))
    response = desk_page(request, voice, "desk_import.html", book.desk, job=found, form=_FORMS[found.kind])
    if found.state == "working":
        response.headers["Refresh"] = _LOOK_AGAIN
    return response


IMPORTS = (web.get(r"/desk/imports/{number:\d{1,9}}", at_desk(_show)),)
