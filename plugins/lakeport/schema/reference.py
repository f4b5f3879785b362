"""What editors and people read of the schemas' language, made from its model: JSON Schema and the reference page."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from lakeport.schema.file_type import FileType
from lakeport.schema.values import Part

_UNLIMITED = "text"
_WORDS = {"str": "text", "int": "number", "bool": "true or false", "float": "number"}


@dataclass(frozen=True)
class Key:
    """One key of the language, as the reference page tells it."""

    place: str
    type: str
    default: str
    meaning: str


def json_schema() -> str:
    """Return the JSON Schema of a schema YAML."""
    schema = FileType.model_json_schema(by_alias=True)
    for model in _models(FileType):
        part = schema if model is FileType else schema["$defs"][model.__name__]
        for name, field in model.model_fields.items():
            key = field.alias or name
            part["properties"][key] = _described(part["properties"][key], _meaning(field))
    schema["properties"].pop("name")
    schema["required"] = [key for key in schema["required"] if key not in ("name", "table")]
    schema["$defs"]["Table"]["required"] = []
    checks = schema["properties"]["checks"]
    checks["items"] = {"anyOf": [{"type": "string"}, checks["items"]]}
    title = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A Lakeport file type"}
    return (
        json.dumps({**title, **{key: schema[key] for key in schema if key != "title"}}, indent=1, sort_keys=True) + "\n"
    )


def reference() -> str:
    """Return the reference page in Markdown."""
    lines = ["# Every key of a schema", "", "This page is made from the language's model by `make docs`.", ""]
    lines += ["A schema is `schemas/<file type>.yaml`; [schemas/README.md](../schemas/README.md) shows a whole one."]
    lines += ["`schemas/_defaults.yaml`, if there is one, holds values for every schema that does not say otherwise."]
    lines += ["", "| key | value | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{key.place}` | {key.type} | {key.default} | {key.meaning} |" for key in keys()]
    return "\n".join(lines) + "\n"


def keys(model: type[Part] = FileType, above: str = "") -> Iterator[Key]:
    """Yield every key that a schema may have, parts before what they hold."""
    for name, field in model.model_fields.items():
        if (model, name) == (FileType, "name"):
            continue
        key = field.alias or name
        inner = _parts_of(field.annotation)
        place = f"{above}{key}" + ("[]" if inner and _is_list(field.annotation) else "")
        default = _default(model, key, field)
        yield Key(place, _type(model, name), default, _meaning(field).replace("|", "\\|"))
        for part in inner:
            yield from keys(part, f"{place}.")


def _models(model: type[Part]) -> Iterator[type[Part]]:
    yield model
    for field in model.model_fields.values():
        for part in _parts_of(field.annotation):
            yield from _models(part)


def _parts_of(annotation: Any) -> list[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]  # type: ignore[list-item]  # every model of the language is a Part
    return [part for each in get_args(annotation) for part in _parts_of(each)]


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list) or any(map(_is_list, get_args(annotation)))


def _meaning(field: FieldInfo) -> str:
    """Return the docstring below a field as one line."""
    return " ".join((field.description or "").split())


def _described(part: Any, meaning: str) -> dict[str, Any]:
    """Return a property with its meaning; what a list or mapping is by default says nothing to an editor."""
    kept = {key: value for key, value in part.items() if key not in ("title",)}
    if isinstance(kept.get("default"), dict):
        del kept["default"]
    if kept.get("type") == "string" and isinstance(kept.get("default"), int):
        kept["default"] = _duration(kept["default"])
    return {**kept, "description": meaning} if meaning else kept


def _default(model: type[Part], key: str, field: Any) -> str:
    if (model.__name__, key) == ("Table", "name"):
        return "`lake.<file type>`"
    if field.is_required():
        return "" if (model, key) == (FileType, "table") else "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ((), "", []) or isinstance(value, BaseModel):
        return ""
    if key in ("every", "for", "retry_delay"):
        return f"`{_duration(value)}`"
    if is_dataclass(value) and not isinstance(value, type):
        return f"`{value}`" if asdict(value) else ""
    return f"`{json.dumps(value) if not isinstance(value, str) else value}`"


def _duration(seconds: int) -> str:
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def _type(model: type[Part], name: str) -> str:
    words = {("Column", "type"): "a column type", ("Rejects", "fail"): "a number, or a share: `1%`"}
    words |= {("Rejects", "warn"): words["Rejects", "fail"], ("Freshness", "within"): "an age: `36h`"}
    words |= {("Wait", "every"): "a duration: `30s`", ("Wait", "for_"): "a duration: `10m`"}
    words[("FileType", "retry_delay")] = "a duration: `5s`"
    return words.get((model.__name__, name)) or _type_words(model.model_fields[name].annotation)


def _type_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_words(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type_words(each) for each in arguments if each is not type(None)))
    if origin in (tuple, list):
        inner = _type_words(arguments[0])
        return "a list of parts" if inner == "a part" else f"a list: {inner}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a part"
    return _WORDS.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", _UNLIMITED))
