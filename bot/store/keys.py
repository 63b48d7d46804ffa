"""Secrets of the store's own, made once and kept with it, so that they are lost with it and never without it."""

import secrets

from bot.store.database import Connection

_BYTES = 32


def key(connection: Connection, name: str) -> bytes:
    """The key of that name, made when it is missing."""
    query = "INSERT INTO keys (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
    connection.execute(query, (name, secrets.token_bytes(_BYTES)))
    return bytes(connection.execute("SELECT value FROM keys WHERE name = ?", (name,)).fetchone()[0])
