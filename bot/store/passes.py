"""Six digits that carry a talk to another door, for a few minutes and once, and which conversation a door's person goes on with.

A million codes are few, so that guessing is what has to be hard: a code lives for ten minutes, whoever misses five times waits, and when
many are missed by whomever, nobody gets one for a while. Only a keyed hash is stored; the key is made once and kept with the store.
"""

import hashlib
from dataclasses import dataclass

from bot.store.database import Connection
from bot.store.keys import key

#: Seconds.
LIFE, PATIENCE = 10 * 60, 15 * 60
#: Misses within `PATIENCE`: of one who tries, and of all together.
MOST_OF_ONE, MOST_OF_ALL = 5, 50


@dataclass(frozen=True, slots=True)
class Try:
    """Who tries a code, as far as the door can tell, and when (seconds since 1970)."""

    who: str
    at: int


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a code: the key of its conversation, or none, because it is not right or because too many were tried."""

    key: str | None
    locked: bool = False


def is_taken(connection: Connection, code: str, now: int) -> bool:
    """Whether these digits lead to some talk just now."""
    query = "SELECT 1 FROM passes WHERE code = ? AND at >= ?"
    return connection.execute(query, (_hashed(connection, code), now - LIFE)).fetchone() is not None


def keep_pass(connection: Connection, code: str, conversation: int, now: int) -> None:
    """Let a code that is not taken lead to a conversation; an older one of it stops working."""
    connection.execute("DELETE FROM passes WHERE at < ? OR conversation = ?", (now - LIFE, conversation))
    row = (_hashed(connection, code), conversation, now)
    connection.execute("INSERT INTO passes (code, conversation, at) VALUES (?, ?, ?)", row)


def redeem(connection: Connection, code: str, message: str, tries: Try) -> Carried:
    """Use a code. The same message again gets the same; anybody else finds it used."""
    who, now = tries.who, tries.at
    connection.execute("DELETE FROM misses WHERE at < ?", (now - PATIENCE,))
    (alone, together) = connection.execute("SELECT count(*) FILTER (WHERE who = ?), count(*) FROM misses", (who,)).fetchone()
    if alone >= MOST_OF_ONE or together >= MOST_OF_ALL:
        return Carried(None, locked=True)
    hashed = _hashed(connection, code)
    query = (
        "SELECT k.key FROM passes p JOIN conversations k ON k.id = p.conversation "
        "WHERE p.code = ? AND p.at >= ? AND (p.used_by IS NULL OR p.used_by = ?)"
    )
    found = connection.execute(query, (hashed, now - LIFE, message)).fetchone()
    if found is None:
        connection.execute("INSERT INTO misses (at, who) VALUES (?, ?)", (now, who))
        return Carried(None)
    connection.execute("UPDATE passes SET used_by = ? WHERE code = ?", (message, hashed))
    return Carried(str(found[0]))


def go_on_with(connection: Connection, person: str, conversation: str) -> None:
    """From now on a door's person speaks in that conversation."""
    query = (
        "INSERT INTO people (person, conversation) SELECT ?, id FROM conversations WHERE key = ? "
        "ON CONFLICT (person) DO UPDATE SET conversation = excluded.conversation"
    )
    connection.execute(query, (person, conversation))


def forget(connection: Connection, conversation: int) -> None:
    """What was forgotten is not carried anywhere; and what those who took it up had said at their door before goes with it.

    Nobody could reach that talk any more, so that nobody could have it forgotten.
    """
    connection.execute("DELETE FROM passes WHERE conversation = ?", (conversation,))
    before = "SELECT k.id FROM conversations k JOIN people p ON p.person = k.key WHERE p.conversation = ? AND k.id <> ?"
    for table, column in (("turns", "conversation"), ("codes", "conversation"), ("passes", "conversation"), ("conversations", "id")):
        query = f"DELETE FROM {table} WHERE {column} IN ({before})"  # noqa: S608 - names of ours alone
        connection.execute(query, (conversation, conversation))
    _forget_lost_people(connection)


def sweep(connection: Connection, now: int) -> None:
    """Drop what is too old, and people whose conversation is gone."""
    connection.execute("DELETE FROM passes WHERE at < ?", (now - LIFE,))
    connection.execute("DELETE FROM misses WHERE at < ?", (now - PATIENCE,))
    _forget_lost_people(connection)


def _forget_lost_people(connection: Connection) -> None:
    connection.execute("DELETE FROM people WHERE conversation NOT IN (SELECT id FROM conversations)")


def _hashed(connection: Connection, code: str) -> bytes:
    return hashlib.blake2b(code.encode(), key=key(connection, "passes"), digest_size=32).digest()
