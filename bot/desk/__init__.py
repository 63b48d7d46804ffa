"""The coordinator's desk: what a village's coordinator keeps about households. It stays on this machine, each desk in a file of its own."""

from bot.desk.bills import Bill, BillList, Bills
from bot.desk.book import Book, Roster, Trace
from bot.desk.cases import LATER, Case, Cases, Entry
from bot.desk.enrolment import MARKS, Brought, Count, Enrollee, Enrolment, Enrolments, Home, Mark, Member, NobodyError, Unread
from bot.desk.keys import Desk, Key, Keys, Tried, plain
from bot.desk.registers import KINDS, Change, Conflict, Registers, Told, Version
from bot.desk.room import Room, RoomError
from bot.desk.visits import Visit, Visits

__all__ = [
    "KINDS",
    "LATER",
    "MARKS",
    "Bill",
    "BillList",
    "Bills",
    "Book",
    "Brought",
    "Case",
    "Cases",
    "Change",
    "Conflict",
    "Count",
    "Desk",
    "Enrollee",
    "Enrolment",
    "Enrolments",
    "Entry",
    "Home",
    "Key",
    "Keys",
    "Mark",
    "Member",
    "NobodyError",
    "Registers",
    "Room",
    "RoomError",
    "Roster",
    "Told",
    "Trace",
    "Tried",
    "Unread",
    "Version",
    "Visit",
    "Visits",
    "plain",
]
