"""A template with only the types that the local AWS server supports; the others are removed and reported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from botocore.exceptions import ClientError

from tests.infra.stacks import parsed


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def unsupported_types(cloudformation: Any, template: str) -> list[str]:
    """Ask the server which of the template's types it does not support, by a CloudFormation call."""
    try:
        cloudformation.validate_template(TemplateBody=template)
    except ClientError as error:
        found = re.search(r"Unrecognized resource types: \[([^]]*)\]", str(error))
        if found is None:
            raise
        return found[1].split(", ")
    return []


def options_of_airflow(template: str) -> dict[str, Any]:
    """Return the Airflow options that the template gives to MWAA, unresolved."""
    resources = parsed(template)["Resources"]
    found: dict[str, Any] = resources["Airflow"]["Properties"]["AirflowConfigurationOptions"]
    return found


def reduced(
    template: str, types: list[str], instead: Mapping[str, Any], outputs: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """Return the template without resources of these types, and what was taken out: logical id and type.

    Where others refer to one of them, `instead` replaces the reference.  `outputs` are more outputs.
    """
    whole = parsed(template)
    whole["Outputs"] |= {name: {"Value": value} for name, value in outputs.items()}
    removed = {name: each["Type"] for name, each in whole["Resources"].items() if each["Type"] in types}
    for name in removed:
        del whole["Resources"][name]
    for resource in whole["Resources"].values():
        after = resource.get("DependsOn", [])
        kept = [each for each in ([after] if isinstance(after, str) else after) if each not in removed]
        resource.pop("DependsOn", None)
        if kept:
            resource["DependsOn"] = kept
    return yaml.dump(_without(whole, set(removed), instead), Dumper=_Dumper, sort_keys=False, width=1000), removed


def _without(value: Any, removed: set[str], instead: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_without(each, removed, instead) for each in value]
    if isinstance(value, str):
        for name in removed:
            value = re.sub(rf"\$\{{{name}(\.[A-Za-z.]+)?\}}", str(instead.get(name, f"no-{name}")), value)
        return value
    if not isinstance(value, dict):
        return value
    name = value.get("Ref") or next(iter(value.get("Fn::GetAtt", [""])), "")
    if len(value) == 1 and name in removed:
        return instead.get(name, f"no-{name}")
    return {key: _without(each, removed, instead) for key, each in value.items()}
