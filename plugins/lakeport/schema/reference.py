"""The JSON Schema for editors and the reference page, both made from the model of the schemas."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from lakeport.schema.descriptions import descriptions_of
from lakeport.schema.file_type import FileType
from lakeport.schema.parts import all_parts, build_all, fields_of, parts_of, tag_of
from lakeport.schema.values import Part

_UNLIMITED = "text"
_NAMES = {"str": "text", "int": "number", "bool": "true or false", "float": "number"}
_NAMES |= {"LineTypes": "`data` or `skip` for each prefix"}


@dataclass(frozen=True)
class Key:
    """One key of the language, as the reference page describes it."""

    place: str
    type: str
    default: str
    meaning: str


def json_schema() -> str:
    """Return the JSON Schema of a schema YAML."""
    build_all()
    schema = FileType.model_json_schema(by_alias=True)
    for part in set(all_parts()):
        its = schema if part is FileType else schema["$defs"][part.__name__]
        meanings = descriptions_of(part)
        its["properties"] = {key: _for_editors(value, meanings.get(key)) for key, value in its["properties"].items()}
    schema["properties"].pop("name")
    schema["required"] = [key for key in schema["required"] if key not in ("name", "table")]
    schema["$defs"]["Table"]["required"] = []
    table = schema["$defs"]["Table"]["properties"]
    table["slice"]["anyOf"].append({"type": "array", "items": {"type": "string"}})
    checks = schema["properties"]["checks"]
    checks["items"] = {"anyOf": [{"type": "string"}, checks["items"]]}
    title = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A Lakeport file type"}
    return (
        json.dumps({**title, **{key: schema[key] for key in schema if key != "title"}}, indent=1, sort_keys=True) + "\n"
    )


def reference() -> str:
    """Return the reference page in Markdown."""
    lines = ["# Every key of a schema", "", "`make docs` makes this page from the model of the schemas.", ""]
    lines += ["A schema is `schemas/<file type>.yaml`; [schemas/README.md](../schemas/README.md) shows a whole one."]
    lines += ["`schemas/_defaults.yaml`, if there is one, has values for the keys that a schema does not set."]
    lines += ["", "| key | value | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{key.place}` | {key.type} | {key.default} | {key.meaning} |" for key in keys()]
    return "\n".join(lines) + "\n"


def keys(part: type[Part] = FileType, above: str = "") -> Iterator[Key]:
    """Yield every key that a schema may have, parts before what they hold."""
    for key, field in fields_of(part).items():
        inner = parts_of(field.annotation)
        place = f"{above}{key}" + ("[]" if inner and _is_list(field.annotation) else "")
        yield Key(place, _type(part, key), _default(part, key, field), _meaning(part, key))
        yield from _keys_of_any(inner, f"{place}.")


def _keys_of_any(parts: Sequence[type[Part]], above: str) -> Iterator[Key]:
    """Yield the keys of parts of which one is chosen by its `type`; a key names the types that take it."""
    found = dict[Key, list[str]]()
    for part in parts:
        for key in keys(part, above):
            found.setdefault(key, []).append(tag_of(part))
    is_choice = len(parts) > 1 and all("type" in fields_of(part) for part in parts)
    if is_choice:
        meaning = "; ".join(f"{key.type}: {key.meaning.rstrip('.')}" for key in found if key.place == f"{above}type")
        yield Key(f"{above}type", ", ".join(f"`{tag_of(part)}`" for part in parts), "**required**", f"{meaning}.")
    for key, tags in found.items():
        if is_choice and key.place == f"{above}type":
            continue
        is_for_some = is_choice and len(tags) < len(parts)
        yield replace(key, meaning=f"{key.meaning} Only for {', '.join(tags)}.") if is_for_some else key


def _meaning(part: type[Part], key: str) -> str:
    return descriptions_of(part).get(key, "").replace("|", "\\|")


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list) or any(map(_is_list, get_args(annotation)))


def _for_editors(value: dict[str, Any], meaning: str | None) -> dict[str, Any]:
    """Return a property as editors show it; the default of a list or mapping is of no use to them."""
    kept = {key: value for key, value in value.items() if key != "title"}
    if meaning:
        kept["description"] = meaning
    if isinstance(kept.get("default"), dict):
        del kept["default"]
    if kept.get("type") == "string" and isinstance(kept.get("default"), int):
        kept["default"] = _duration(kept["default"])
    return kept


def _default(model: type[Part], key: str, field: FieldInfo) -> str:
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


def _type(part: type[Part], key: str) -> str:
    special = {("Column", "type"): "a column type", ("Freshness", "within"): "an age: `36h`"}
    special[("Table", "keep_replaced")] = "an age: `30d`"
    special |= dict.fromkeys([("Rejects", "fail"), ("Rejects", "warn")], "a number, or a share: `1%`")
    if key == "up_to":
        return special["Rejects", "fail"]
    special |= {("Wait", "every"): "a duration: `30s`", ("Wait", "for"): "a duration: `10m`"}
    special[("FileType", "retry_delay")] = "a duration: `5s`"
    return special.get((part.__name__, key)) or _type_text(fields_of(part)[key].annotation)


def _type_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_text(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type_text(each) for each in arguments if each is not type(None)))
    if origin in (tuple, list):
        inner = _type_text(arguments[0])
        return "a list of mappings" if inner == "a mapping" else f"a list: {inner}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping"
    return _NAMES.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", _UNLIMITED))
