"""Where talks are kept, so that every turn is on disk before its reply leaves."""

from bot.store.beside import Report
from bot.store.passes import Carried
from bot.store.shown import Shown
from bot.store.sqlite import SqliteStore
from bot.store.store import Store
from bot.store.trouble import StoreError
from bot.store.values import Change, ConflictError, Kept, Parcel, Waiting

__all__ = ["Carried", "Change", "ConflictError", "Kept", "Parcel", "Report", "Shown", "SqliteStore", "Store", "StoreError", "Waiting"]
