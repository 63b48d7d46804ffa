"""What the forms of the desk send: a list as a file or pasted, with fields beside it."""

import csv
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import PurePath
from typing import Any

from aiohttp import web

from bot.lists import ENDINGS, ListError, from_text
from bot.speech import Voice

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """A list that was sent. `ending`: .csv or .xlsx; `place` holds for a list without that column."""

    name: str
    place: str | None
    data: bytes
    ending: str

    @property
    def written(self) -> str:
        """What was pasted, so that nobody has to paste it again."""
        return self.data.decode("utf-8", "replace") if self.ending == ".csv" else ""


async def parts_of(request: web.Request) -> dict[str, EmailMessage]:
    """The fields of a form by name; the request was read whole before, and is small."""
    return read_parts(request.headers["Content-Type"], await request.read()) if request.content_type == "multipart/form-data" else {}


def read_parts(content_type: str, body: bytes) -> dict[str, EmailMessage]:
    """The fields of a form by name, of files with theirs; nothing where it is none."""
    whole: Any = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode("ascii", "ignore") + b"\r\n\r\n" + body)
    parts = list(whole.iter_parts()) if whole.is_multipart() else []
    return {str(part.get_param("name", "", "content-disposition")): part for part in parts}


def list_of(voice: Voice, parts: dict[str, EmailMessage], name: str, place: str | None) -> Sent:
    """A file, or what was pasted. Raises ListError."""
    file = parts.get("file")
    data, ending = _bytes(file), PurePath((file.get_filename() if file is not None else "") or "").suffix.lower()
    if data and ending not in ENDINGS:
        raise ListError(voice.say("desk.kind"))
    if data:
        return Sent(name, place, data, ending)
    try:
        pasted = from_text(text_of(parts, "pasted"))
    except csv.Error as error:
        raise ListError(voice.say("desk.broken")) from error
    if not pasted.strip():
        raise ListError(voice.say("desk.empty"))
    return Sent(name, place, pasted, ".csv")


def day_of(voice: Voice, text: str) -> str:
    """An ISO day. Raises ListError."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ListError(voice.say("desk.register.no_day")) from error


def text_of(parts: dict[str, EmailMessage], name: str) -> str:
    """A field that was typed; empty where there is none."""
    return _bytes(parts.get(name)).decode("utf-8", "replace").strip("\r\n ")


def _bytes(part: EmailMessage | None) -> bytes:
    payload = part.get_payload(decode=True) if part is not None else b""
    return payload if isinstance(payload, bytes) else b""
