"""The coordinator's desk on the web: lists come in, who pays what stands in a table, and leaves as a file.

Everything works without scripts and with the keyboard alone.
"""

from aiohttp import web

from bot.web.desk.bills import BILLS
from bot.web.desk.cases import CASES
from bot.web.desk.day import DAY
from bot.web.desk.door import enter, leave
from bot.web.desk.enrolment import ENROLMENT
from bot.web.desk.imports import IMPORTS
from bot.web.desk.keeping import KEEPING, sweep_desks
from bot.web.desk.making import MAKING, Turns
from bot.web.desk.receiving import WORKS, Works
from bot.web.desk.registers import REGISTERS
from bot.web.desk.rosters import ROSTERS
from bot.web.desk.talk import TALK
from bot.web.desk.trail import TRAIL
from bot.web.desk.trying import TRYING
from bot.web.desk.warnings import WARNINGS

_ROUTES = (
    web.post("/desk", enter),
    web.post("/desk/leave", leave),
    *DAY,
    *ROSTERS,
    *TRYING,
    *IMPORTS,
    *REGISTERS,
    *WARNINGS,
    *ENROLMENT,
    *BILLS,
    *CASES,
    *TALK,
    *TRAIL,
    *KEEPING,
)


def add_desk(app: web.Application) -> None:
    """Put up the desk."""
    app[WORKS], app[MAKING] = Works(), Turns()
    app.on_cleanup.append(app[WORKS].close)
    app.add_routes(_ROUTES)


__all__ = ["add_desk", "sweep_desks"]
