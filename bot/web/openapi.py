"""The OpenAPI 3.1 document, made from the pydantic models the handlers themselves read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)
Names = Mapping[str, Sequence[str]]

_REF = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a handler takes, answers and is for."""

    summary: str
    takes: type[BaseModel] | None
    errors: tuple[int, ...]
    query: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    kind: str = "application/json"


OPERATIONS: dict[Handler, Operation] = {}


def operation(
    summary: str,
    takes: type[BaseModel] | None = None,
    errors: tuple[int, ...] = (),
    query: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    kind: str = "application/json",
) -> Callable[[H], H]:
    """Describe a handler for the API document. `optional`: fields of what it takes that it can do without; `kind`: what it answers."""

    def describe(handler: H) -> H:
        OPERATIONS[handler] = Operation(summary, takes, errors, query, optional, kind)
        return handler

    return describe


def document(app: web.Application, version: str, names: Names) -> dict[str, Any]:
    """The document of all described routes of an app. `names`: the values that fields and parts of addresses of that name can have."""
    models = [(known.takes, "validation") for known in OPERATIONS.values() if known.takes is not None]
    _, schemas = models_json_schema([(model, "validation") for model, _ in models], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in app.router.routes():
        known = OPERATIONS.get(route.handler)
        if known is not None and route.resource is not None and route.method != "HEAD":
            paths.setdefault(route.resource.canonical, {})[route.method.lower()] = _operation(known, route.resource.canonical, names)
    for known in OPERATIONS.values():
        if known.takes is not None and known.optional:
            schemas["$defs"][_name(known)] = _without(schemas["$defs"][known.takes.__name__], known.optional)
    for schema in schemas.get("$defs", {}).values():
        _name_values(schema.get("properties", {}), names)
    components = {"schemas": {**schemas.get("$defs", {}), "Error": _ERROR}}
    return {"openapi": "3.1.0", "info": {"title": "nengbao", "version": version}, "paths": paths, "components": components}


def _name_values(properties: dict[str, Any], names: Names) -> None:
    for name in names.keys() & properties.keys():
        kinds = properties[name].get("anyOf", [properties[name]])
        for kind in kinds:
            if kind.get("type") == "string":
                kind["enum"] = list(names[name])


def _name(known: Operation) -> str:
    """The name of what an operation takes: a model's own, or with what it may leave out."""
    model = known.takes.__name__ if known.takes else ""
    return model + "".join(f"Without{name.title()}" for name in known.optional)


def _without(schema: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    return schema | {"required": [name for name in schema.get("required", []) if name not in optional]}


def _operation(known: Operation, path: str, known_names: Names) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
    responses: dict[str, Any] = {"200": {"description": "The answer.", "content": {known.kind: {"schema": _ANSWERS[known.kind]}}}}
    responses |= {str(status): {"description": _STATUS[status], "content": error} for status in known.errors}
    described: dict[str, Any] = {"summary": known.summary, "responses": responses}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": _one_of(name, known_names)} for name in names]
    parameters += [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in known.query]
    if parameters:
        described["parameters"] = parameters
    if known.takes is not None:
        schema = {"schema": {"$ref": _REF.format(model=_name(known))}}
        described["requestBody"] = {"required": True, "content": {"application/json": schema}}
    return described


def _one_of(name: str, known: Names) -> dict[str, Any]:
    return {"type": "string"} | ({"enum": list(known[name])} if name in known else {})


_ANSWERS = {"application/json": {"type": "object"}, "application/pdf": {"type": "string", "format": "binary"}}

_STATUS = {
    400: "The request is not JSON.",
    404: "Nothing of that name.",
    413: "The request is too large.",
    415: "The request is not application/json.",
    422: "A field is wrong; `field` names it.",
    429: "Too many requests.",
    503: "The store cannot be reached.",
}

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "say", "field"],
            "properties": {"code": {"type": "string"}, "say": {"type": "string"}, "field": {"type": ["string", "null"]}},
        }
    },
}
