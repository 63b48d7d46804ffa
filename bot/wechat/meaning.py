"""What a message from WeChat means for the conversation: a text, a key of the menu, or something that cannot be read."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.wechat.envelope import EnvelopeError

_NAME = re.compile(r"[!-~]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,20}")
#: Stands before the scene of a code with which somebody subscribed.
_SCENE = "qrscene_"
_LONGEST_KEY = 128
_UNREAD = {"image": "unsupported.photo", "voice": "unsupported.voice"}


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a person: exactly one of text, choice and action. `message`: what it is known by when it comes again."""

    sender: str
    account: str
    message: str
    text: str | None = None
    choice: str | None = None
    action: str | None = None
    place: str | None = None


def read(fields: Mapping[str, str]) -> Said | None:
    """The meaning of a message; None for what is none of our business. Raises EnvelopeError for missing and wrong fields."""
    sender, account = (_matching(fields, name, _NAME) for name in ("FromUserName", "ToUserName"))
    created, kind = _matching(fields, "CreateTime", _NUMBER), _matching(fields, "MsgType", _NAME)
    if kind == "event":
        meaning = _event(fields.get("Event", "").lower(), fields.get("EventKey", "")[:_LONGEST_KEY])
        return Said(sender, account, _event_id(created, fields), **meaning) if meaning else None
    return Said(sender, account, _matching(fields, "MsgId", _NUMBER), **_message(kind, fields))


def _message(kind: str, fields: Mapping[str, str]) -> dict[str, Any]:
    if kind == "text":
        return {"text": fields.get("Content", "")}
    if kind == "voice" and fields.get("Recognition", "").strip():
        return {"text": fields["Recognition"]}
    return {"action": _UNREAD.get(kind, "unsupported")}


def _event(event: str, key: str) -> dict[str, Any] | None:
    """A scene may be the key of a place (a county's own code); a key of the menu is an action or a choice."""
    if event in ("subscribe", "scan"):
        return {"action": "start", "place": key.removeprefix(_SCENE) or None}
    if event == "click" and key:
        return {"choice" if "=" in key else "action": key}
    return None


def _event_id(created: str, fields: Mapping[str, str]) -> str:
    """Events have no id. Within a person's talk the second and what happened say which one it is."""
    what = "\0".join(fields.get(name, "") for name in ("Event", "EventKey", "Ticket"))
    return f"event-{created}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"


def _matching(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name, "").strip()
    if not pattern.fullmatch(value):
        raise EnvelopeError
    return value
