"""The coordinator's desk: what a village's coordinator keeps about households. It stays on this machine, each desk in a file of its own."""

from bot.desk.book import Book, Roster, Trace
from bot.desk.cases import LATER, Case, Cases, Entry
from bot.desk.keys import Desk, Key, Keys, Tried, plain
from bot.desk.registers import KINDS, Change, Conflict, Registers, Version
from bot.desk.room import Room, RoomError
from bot.desk.visits import Visit, Visits, tidy_label

__all__ = [
    "KINDS",
    "LATER",
    "Book",
    "Case",
    "Cases",
    "Change",
    "Conflict",
    "Desk",
    "Entry",
    "Key",
    "Keys",
    "Registers",
    "Room",
    "RoomError",
    "Roster",
    "Trace",
    "Tried",
    "Version",
    "Visit",
    "Visits",
    "plain",
    "tidy_label",
]
