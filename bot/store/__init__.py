"""Where talks are kept, so that every turn is on disk before its reply leaves."""

from bot.store.beside import Report
from bot.store.sqlite import Change, ConflictError, Kept, Parcel, SqliteStore, StoreError, Waiting

__all__ = ["Change", "ConflictError", "Kept", "Parcel", "Report", "SqliteStore", "StoreError", "Waiting"]
