"""The coordinator's desk on the web: lists come in, who pays what stands in a table, and leaves as a file.

Everything works without scripts and with the keyboard alone.
"""

from aiohttp import web

from bot.web.desk.cases import CASES
from bot.web.desk.day import DAY
from bot.web.desk.door import enter, leave
from bot.web.desk.registers import REGISTERS
from bot.web.desk.rosters import ROSTERS
from bot.web.desk.talk import TALK
from bot.web.desk.trail import TRAIL

DESK = (
    web.post("/desk", enter),
    web.post("/desk/leave", leave),
    *DAY,
    *ROSTERS,
    *REGISTERS,
    *CASES,
    *TALK,
    *TRAIL,
)
