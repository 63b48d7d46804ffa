"""Reading requests: strict JSON in, models out, and a clear error for everything else."""

import json
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.assistant import Message
from bot.web.errors import ApiError

M = TypeVar("M", bound=BaseModel)

#: Without control characters, which not every database takes.
_Id = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Short = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Turn(BaseModel):
    """One message: exactly one of text, choice and action."""

    model_config = ConfigDict(extra="forbid")

    message_id: _Id
    conversation: _Id | None = None
    text: Annotated[str, Field(strict=True)] | None = None
    choice: _Short | None = None
    action: _Short | None = None
    channel: _Short = "web"
    place: _Short | None = None
    lang: _Short | None = None


def read_turn(raw: Any) -> Message:
    """A turn request as a message. Raises ApiError 422."""
    turn = read_model(raw, Turn)
    if sum(part is not None for part in (turn.text, turn.choice, turn.action)) != 1:
        raise ApiError(422, "nothing_said", "text")
    return Message(**turn.model_dump())


def read_model(raw: Any, model: type[M]) -> M:
    """A request's JSON as a model. Raises ApiError 422, which names the field."""
    if not isinstance(raw, dict):
        raise ApiError(422, "invalid", "body")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        code = {"missing": "missing", "extra_forbidden": "unknown_key"}.get(detail["type"], "invalid")
        raise ApiError(422, code, ".".join(map(str, detail["loc"]))) from error


async def read_json(request: web.Request) -> Any:
    """The request's JSON with exact numbers. Raises ApiError 400, 413 or 415."""
    if request.content_type != "application/json":
        raise ApiError(415, "unsupported_type")
    return parse_json(await request.read())


def parse_json(body: bytes | str) -> Any:
    """JSON with exact numbers; UTF-8, with or without a byte order mark. Raises ApiError 400."""
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, InvalidOperation) as error:  # the last: an exponent beyond what any number here can have
        raise ApiError(400, "not_json") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
