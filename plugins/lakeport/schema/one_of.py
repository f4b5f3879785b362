"""Parts of which a value is one: a format by its `type`, a check by its key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from lakeport.schema.values import Part


@dataclass(frozen=True, eq=False)  # a part of a type must be hashable
class OneOf:
    """Marks a union of parts with the tag of each, and with what returns the tag of a value: a key or a function.

    Pydantic's own unions build the validators of all parts.  This builds that of a part when the first value needs it:
    a schema has one of the formats, and each task reads a schema in a new process.
    """

    parts: Mapping[str, type[Part]]
    tag: str | Callable[[Any], str | None]

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        validators: dict[Any, CoreSchema] = {
            name: core_schema.no_info_plain_validator_function(part.model_validate) for name, part in self.parts.items()
        }
        return core_schema.tagged_union_schema(validators, self.tag, from_attributes=True)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        parts = {name: part.__pydantic_core_schema__ for name, part in self.parts.items()}
        return handler(core_schema.tagged_union_schema(parts, self.tag))
