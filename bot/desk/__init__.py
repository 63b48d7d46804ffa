"""The coordinator's desk: what a village's coordinator keeps about households. It stays on this machine, each desk in a file of its own."""

from bot.desk.bills import Bill, BillList, Bills
from bot.desk.book import Book, Trace
from bot.desk.cases import LATER, Case, Cases, Entry
from bot.desk.choices import Choices
from bot.desk.enrolment import MARKS, Brought, Count, Enrollee, Enrolment, Enrolments, Home, Mark, Member, NobodyError, Unread
from bot.desk.feedback import WHATS, Feedback
from bot.desk.imports import Import, Imports
from bot.desk.keeping import KEEP_DAYS, MOST_DAYS, Keeping
from bot.desk.keys import Desk, Key, Keys, Tried, plain
from bot.desk.registers import KINDS, Change, Changes, Conflict, Kind, Registers, Told, Version
from bot.desk.room import Room, RoomError
from bot.desk.rosters import Head, Reject, Roster, Rosters, Row, Year
from bot.desk.visits import Visit, Visits, tidy_label

__all__ = [
    "KEEP_DAYS",
    "KINDS",
    "LATER",
    "MARKS",
    "MOST_DAYS",
    "WHATS",
    "Bill",
    "BillList",
    "Bills",
    "Book",
    "Brought",
    "Case",
    "Cases",
    "Change",
    "Changes",
    "Choices",
    "Conflict",
    "Count",
    "Desk",
    "Enrollee",
    "Enrolment",
    "Enrolments",
    "Entry",
    "Feedback",
    "Head",
    "Home",
    "Import",
    "Imports",
    "Keeping",
    "Key",
    "Keys",
    "Kind",
    "Mark",
    "Member",
    "NobodyError",
    "Registers",
    "Reject",
    "Room",
    "RoomError",
    "Roster",
    "Rosters",
    "Row",
    "Told",
    "Trace",
    "Tried",
    "Unread",
    "Version",
    "Visit",
    "Visits",
    "Year",
    "plain",
    "tidy_label",
]
