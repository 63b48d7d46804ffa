"""What the store keeps beside talks: codes that lead back to one, and figures that people say are not right."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.store.database import Connection

#: Without letters and digits that are taken for one another; ten of them are some 49 bits, which nobody tries through a limited door.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 10
#: Older codes of a talk stop working, so that a talk never holds many keys.
_MOST_CODES = 20
_SECONDS_A_DAY = 86_400
_REPORT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Report:
    """A figure that somebody says is not right. `at`: ISO moment, UTC. `words`: what they wrote; who they are is not kept."""

    place: str
    edition: str
    figure: str
    value: str
    words: str
    lang: str
    at: str = ""


def new_code(connection: Connection, key: str, now: int) -> str | None:
    """A new code for a conversation; None when it is not kept. Only its hash is stored."""
    found = connection.execute("SELECT id FROM conversations WHERE key = ?", (key,)).fetchone()
    if found is None:
        return None
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    connection.execute("INSERT INTO codes (code, conversation, at) VALUES (?, ?, ?)", (_hashed(code), found[0], now))
    # The time of the store never goes back, so that the newest is the last one made; of one second any is as good as another.
    older = "SELECT code FROM codes WHERE conversation = ? AND code <> ? ORDER BY at DESC LIMIT ?"
    query = f"DELETE FROM codes WHERE conversation = ? AND code <> ? AND code NOT IN ({older})"  # noqa: S608 - no value in it
    connection.execute(query, (found[0], _hashed(code), found[0], _hashed(code), _MOST_CODES - 1))
    return code


def query_of_code(code: str) -> tuple[str, bytes]:
    """How to find the key of a conversation by a code, however it was typed."""
    plain = "".join(char for char in code.upper() if char.isalnum())
    return "SELECT k.key FROM codes c JOIN conversations k ON k.id = c.conversation WHERE c.code = ?", _hashed(plain)


def forget_codes(connection: Connection, conversation: int) -> None:
    """What was forgotten is not found by a sheet of paper either."""
    connection.execute("DELETE FROM codes WHERE conversation = ?", (conversation,))


def keep_report(connection: Connection, report: Report, now: int) -> None:
    """Note a report with the moment of now, in seconds since 1970."""
    row = (now, report.place, report.edition, report.figure, report.value, report.words, report.lang)
    connection.execute("INSERT INTO reports (at, place, edition, figure, value, words, lang) VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def read_reports(connection: Connection) -> list[Report]:
    """All reports, the oldest first."""
    rows = connection.execute("SELECT place, edition, figure, value, words, lang, at FROM reports ORDER BY id").fetchall()
    return [replace(Report(*row[:6]), at=datetime.fromtimestamp(row[6], UTC).isoformat(timespec="seconds")) for row in rows]


def sweep(connection: Connection, conversations_before: int, now: int) -> None:
    """Drop the codes of conversations that nobody used since then, and reports of more than a year ago."""
    connection.execute("DELETE FROM codes WHERE conversation IN (SELECT id FROM conversations WHERE used < ?)", (conversations_before,))
    connection.execute("DELETE FROM reports WHERE at < ?", (now - _REPORT_DAYS * _SECONDS_A_DAY,))


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
