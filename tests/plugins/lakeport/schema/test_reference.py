"""What editors and people read is what the model says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from lakeport.schema.reference import json_schema, keys, reference
from lakeport.schema.skeleton import skeleton
from local.config import REPOSITORY

SCHEMAS = sorted((REPOSITORY / "schemas").glob("[a-z]*.yaml"))


@pytest.mark.parametrize(
    ("path", "text"), [("schemas/schema.json", json_schema()), ("docs/schema.md", reference())], ids=["json", "page"]
)
def test_committed_file_is_what_make_docs_writes(path: str, text: str) -> None:
    assert (REPOSITORY / path).read_text() == text, "run `make docs`"


def test_every_key_has_a_meaning() -> None:
    assert [key.place for key in keys() if not key.meaning] == []


def test_every_default_that_editors_show_is_a_value_of_its_key() -> None:
    schema = json.loads(json_schema())
    parts = [schema, *schema["$defs"].values()]
    defaults = [each for part in parts for each in part["properties"].values() if "default" in each]
    validator = jsonschema.validators.validator_for(schema)(schema)

    assert len(defaults) > 20
    for each in defaults:
        validator.check_schema(each)
        validator.evolve(schema={**each, "$defs": schema["$defs"]}).validate(each["default"])


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_editor_finds_committed_schema_good(path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(json_schema()))


@pytest.mark.parametrize("kind", ["csv", "delimited", "fixed_width", "json", "parquet", "orc", "avro", "xlsx"])
def test_editor_finds_skeleton_good(kind: str) -> None:
    jsonschema.validate(yaml.safe_load(skeleton("trips", kind)), json.loads(json_schema()))


@pytest.mark.parametrize(
    "change",
    [{"colour": 1}, {"retries": 11}, {"drift": "refused"}, {"wait": {"for": "soon"}}, {"rejects": {"fail": "x"}}],
)
def test_editor_finds_wrong_value(change: dict[str, object]) -> None:
    good = yaml.safe_load(skeleton("trips"))

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, **change}, json.loads(json_schema()))
