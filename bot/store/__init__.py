"""Where talks are kept, so that every turn is on disk before its reply leaves."""

from bot.store.beside import Report
from bot.store.passes import Carried
from bot.store.shown import Shown
from bot.store.sqlite import Change, ConflictError, Kept, Parcel, SqliteStore, Waiting
from bot.store.trouble import StoreError

__all__ = ["Carried", "Change", "ConflictError", "Kept", "Parcel", "Report", "Shown", "SqliteStore", "StoreError", "Waiting"]
