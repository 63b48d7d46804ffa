"""What a door that can speak only when it is spoken to answered to whom: which part of which answer, to which message."""

from dataclasses import dataclass

from bot.store.database import Connection

#: A message is delivered again within seconds; older notes are of no use.
_MOST = 20
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Shown:
    """`message` was answered with a part of the answer to `origin`. `at`: seconds since 1970."""

    message: str
    origin: str
    part: int
    at: int = 0


def show(connection: Connection, person: str, shown: Shown) -> None:
    """Note it as the newest, in the place of what was noted for the same message."""
    connection.execute("DELETE FROM shown WHERE person = ? AND message = ?", (person, shown.message))
    query = "INSERT INTO shown (person, message, origin, part, at) VALUES (?, ?, ?, ?, ?)"
    connection.execute(query, (person, shown.message, shown.origin, shown.part, shown.at))
    newest = "SELECT id FROM shown WHERE person = ? ORDER BY id DESC LIMIT ?"
    connection.execute(f"DELETE FROM shown WHERE person = ? AND id NOT IN ({newest})", (person, person, _MOST))  # noqa: S608


def query_of_shown(person: str) -> tuple[str, str]:
    """How to find what was noted of a person, the newest first."""
    return "SELECT message, origin, part, at FROM shown WHERE person = ? ORDER BY id DESC", person


def sweep(connection: Connection, before: int, now: int) -> None:
    """Drop what was noted before a moment, and what another clock dated into the future. In seconds since 1970."""
    connection.execute("DELETE FROM shown WHERE at NOT BETWEEN ? AND ?", (before, now + _SECONDS_A_DAY))
