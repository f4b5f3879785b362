"""The CloudFormation templates as plain Python: `!Ref X` is {"Ref": "X"}, as in their JSON form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from local.config import REPOSITORY

Template = dict[str, Any]


class _Loader(yaml.CSafeLoader):
    pass


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    key = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {key: value.split(".", 1) if name == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {key: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _function)


def parsed(text: str) -> Template:
    """Return a template in the long forms of CloudFormation's functions."""
    loaded: Template = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    return loaded


def template(name: str) -> Template:
    """Return infra/<name>.yaml."""
    return parsed((REPOSITORY / "infra" / f"{name}.yaml").read_text())


BOOTSTRAP = template("bootstrap")
NETWORK = template("network")
MAIN = template("main")
LANDING = template("landing")
ALARMS = template("alarms")
STACKS = {"bootstrap": BOOTSTRAP, "network": NETWORK, "main": MAIN, "landing": LANDING, "alarms": ALARMS}
RESOURCES: dict[str, Template] = {name: each for stack in STACKS.values() for name, each in stack["Resources"].items()}


def of_type(type_: str) -> dict[str, Template]:
    """Return the properties of every resource of a type, by its name in the template."""
    return {name: each.get("Properties", {}) for name, each in RESOURCES.items() if each["Type"] == type_}


def statements(role: str) -> Iterator[tuple[str, Template]]:
    """Give the statements of a role with the name of each one's policy."""
    for policy in RESOURCES[role]["Properties"]["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            yield policy["PolicyName"], each


def listed(value: Any) -> list[Any]:
    """Return what IAM and CloudFormation take as one or as a list."""
    return value if isinstance(value, list) else [value]
