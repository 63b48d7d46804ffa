"""How talks and the parcels of their answers are written, for every database. Raw words of people are never stored, only their answers
and our replies.
"""

import os
from dataclasses import replace
from typing import Any

from bot.store import beside, passes, shown
from bot.store.database import Connection
from bot.store.passes import Carried
from bot.store.sealed import packed, sealed
from bot.store.values import Change, ConflictError, Parcel

_SECONDS_A_DAY = 86_400
#: As much as a long turn writes.
_PROBE_BYTES = 16 * 1024
_OPEN = "INSERT INTO conversations (key, opened_by, version, state, used) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
_GO_ON = "UPDATE conversations SET version = version + 1, state = ?, used = ? WHERE key = ? AND version = ? RETURNING id"


def probe(connection: Connection) -> None:
    """Write as much as a turn does: where that goes through, a turn does too."""
    query = "INSERT INTO probe (id, filler) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET filler = excluded.filler"
    connection.execute(query, (os.urandom(_PROBE_BYTES),))


def redeem(connection: Connection, code: str, message: str, tries: passes.Try, person: str | None) -> Carried:
    """Use the digits that carry a talk, for a door's `person` to go on with if it has one."""
    carried = passes.redeem(connection, code, message, tries)
    if carried.key is not None and person is not None:
        passes.go_on_with(connection, person, carried.key)
    return carried


def wrapped(change: Change) -> Change:
    """A turn as it is written, with its checksums and made small: done before it waits for the writer, who has enough to do."""
    parcel = wrapped_parcel(change.parcel) if change.parcel else None
    return replace(change, state=sealed(change.state), reply=packed(change.reply), parcel=parcel)


def wrapped_parcel(parcel: Parcel) -> Parcel:
    """The same for a parcel."""
    return replace(parcel, body=packed(parcel.body))


def post(connection: Connection, parcel: Parcel, now: int) -> None:
    """Put a wrapped parcel on its way, unless there was one for its message."""
    query = (
        "INSERT INTO parcels (channel, address, message, body, part, begun, at) VALUES (?, ?, ?, ?, 0, 0, ?) "
        "ON CONFLICT (channel, message) DO NOTHING"
    )
    connection.execute(query, (parcel.channel, parcel.address, parcel.message, parcel.body, now))


def keep(connection: Connection, change: Change, now: int) -> None:
    """Write one wrapped turn, `now` in seconds since 1970. Raises ConflictError, and then nothing was written."""
    if change.code is not None and passes.is_taken(connection, change.code, now):
        raise ConflictError  # the turn is played again, with other digits
    query: str = _OPEN
    values: tuple[Any, ...] = (change.key, change.opened_by, change.state, now)
    if change.version:
        query, values = _GO_ON, (change.state, now, change.key, change.version)
    changed = connection.execute(query, values).fetchall()
    if not changed:
        raise ConflictError
    identity = int(changed[0][0])
    if change.erase:
        _erase(connection, identity, change.parcel.channel if change.parcel else None)
    row = (identity, change.turn, change.message, change.reply)
    connection.execute("INSERT INTO turns (conversation, turn, message, reply) VALUES (?, ?, ?, ?)", row)
    if change.parcel is not None:
        post(connection, change.parcel, now)
    if change.code is not None:
        passes.keep_pass(connection, change.code, identity, now)
    if change.person is not None:
        passes.go_on_with(connection, change.person, change.key)


def _erase(connection: Connection, conversation: int, channel: str | None) -> None:
    """What was said is gone, also what is still on its way; that a message was taken stays known, so that it is not taken anew."""
    messages = "SELECT message FROM turns WHERE conversation = ?"
    query = f"UPDATE parcels SET body = NULL, address = '' WHERE channel = ? AND message IN ({messages})"  # noqa: S608 - no value in it
    connection.execute(query, (channel, conversation))
    connection.execute("UPDATE turns SET reply = ? WHERE conversation = ?", (packed(b""), conversation))
    beside.forget_codes(connection, conversation)
    passes.forget(connection, conversation)


def sweep(connection: Connection, days: int, now: int) -> int:
    """Drop conversations nobody used for so many days, and what belongs to them; their number."""
    # What another clock dated into the future would be kept until then.
    connection.execute("UPDATE conversations SET used = ? WHERE used > ?", (now, now))
    oldest = now - days * _SECONDS_A_DAY
    connection.execute("DELETE FROM parcels WHERE at < ?", (oldest,))
    beside.sweep(connection, oldest, now)
    shown.sweep(connection, oldest, now)
    connection.execute("DELETE FROM turns WHERE conversation IN (SELECT id FROM conversations WHERE used < ?)", (oldest,))
    dropped = connection.execute("DELETE FROM conversations WHERE used < ?", (oldest,)).rowcount
    passes.sweep(connection, now)
    return dropped
