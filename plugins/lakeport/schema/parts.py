"""Walk the language of schemas: the parts at a place of a schema, and the keys that each part may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from lakeport.schema.file_type import FileType
from lakeport.schema.places import Place
from lakeport.schema.values import Part


def parts_of(annotation: Any) -> list[type[Part]]:
    """Return the parts that a value of this type may be, or whose list it may be."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return [annotation]
    return [part for each in get_args(annotation) for part in parts_of(each)]


def fields_of(part: type[Part]) -> dict[str, FieldInfo]:
    """Return the fields of a part by their keys; the name of a file type is not a key."""
    fields = {field.alias or name: field for name, field in part.model_fields.items()}
    return {key: field for key, field in fields.items() if (part, key) != (FileType, "name")}


def tag_of(part: type[Part]) -> str:
    """Return what distinguishes a part from the others that are possible: its `type`, or its only required key."""
    fields = fields_of(part)
    if "type" in fields and get_origin(fields["type"].annotation) is Literal:
        return str(get_args(fields["type"].annotation)[0])
    required = (key for key, field in fields.items() if field.is_required())
    return next(required, next(iter(fields)))


def located(location: Place) -> tuple[Place, list[type[Part]]]:
    """Return the place in the YAML that a location of pydantic means, and the parts that may be there.

    Pydantic puts the tag of the chosen part between the keys.
    """
    place: Place = ()
    parts: list[type[Part]] = [FileType]
    for step in location:
        tagged = [part for part in parts if tag_of(part) == step] if len(parts) > 1 else []
        if tagged:
            parts = tagged
            continue
        place += (step,)
        if not isinstance(step, int):
            parts = [inner for part in parts for inner in _parts_at(part, step)]
    return place, parts


def _parts_at(part: type[Part], key: str) -> list[type[Part]]:
    field = fields_of(part).get(key)
    return parts_of(field.annotation) if field else []


def keys_at(location: Place) -> list[str]:
    """Return the keys that are allowed at a location of pydantic."""
    return list(dict.fromkeys(key for part in located(location)[1] for key in fields_of(part)))


def all_keys(part: type[Part] = FileType, above: str = "") -> Iterator[str]:
    """Yield every key of the language with the keys above it."""
    for key, field in fields_of(part).items():
        yield f"{above}{key}"
        for inner in parts_of(field.annotation):
            yield from all_keys(inner, f"{above}{key}.")


def all_parts(part: type[Part] = FileType) -> Iterator[type[Part]]:
    """Yield the part and every part that it may hold; some occur more than once."""
    yield part
    for field in fields_of(part).values():
        for inner in parts_of(field.annotation):
            yield from all_parts(inner)


def build_all() -> None:
    """Build the validator of each part; a process that does not is faster to start, and builds those that it needs."""
    for part in set(all_parts()):
        part.model_rebuild()
