"""A deployment: its name and the settings of `infra/deployments/NAME.yaml`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from infra import package
from infra.deploy.errors import DeployError
from infra.deploy.stacks import landing_buckets
from infra.deploy.stacks.landing_buckets import LandingBucket

FOLDER = package.REPOSITORY / "infra" / "deployments"
TEMPLATES = package.REPOSITORY / "infra"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,17}[a-z0-9]")


@dataclass(frozen=True)
class Deployment:
    """One Lakeport in one account and region; an account can hold several under different names."""

    name: str
    region: str | None = None
    """None: the region of AWS_REGION or AWS_PROFILE."""
    function_architecture: str = "arm64"
    function_python: str = package.AWS.python
    parameters: dict[str, str] = field(default_factory=dict)
    """Parameters of the templates whose values differ from the defaults."""
    tags: dict[str, str] = field(default_factory=dict)
    landing_buckets: tuple[LandingBucket, ...] = ()
    """The landing buckets after the first."""
    database_workgroup: str | None = None
    database_cluster: str | None = None
    """For an existing Redshift: its Serverless workgroup, or its provisioned cluster."""
    database_admin_secret: str | None = None
    """ARN of the secret of that Redshift's administrator."""
    templates: Path = TEMPLATES

    @property
    def bootstrap_stack(self) -> str:
        return f"{self.name}-bootstrap"

    @property
    def network_stack(self) -> str:
        return f"{self.name}-network"

    @property
    def main_stack(self) -> str:
        return f"{self.name}-main"

    @property
    def alarms_stack(self) -> str:
        return f"{self.name}-alarms"

    def landing_stack(self, name: str) -> str:
        return f"{self.name}-landing-{name}"

    @property
    def runtime(self) -> package.Runtime:
        """Return the runtime that the function's compiled packages must match."""
        return package.Runtime(self.function_python, package.ARCHITECTURES[self.function_architecture].platform)

    def template(self, stack: str) -> str:
        return (self.templates / f"{stack}.yaml").read_text()


def read(name: str, folder: Path = FOLDER, templates: Path = TEMPLATES) -> Deployment:
    """Return the deployment of that name; without a file, the defaults of the templates apply.

    Raises DeployError with the wrong key or value and what is allowed.
    """
    if not _NAME.fullmatch(name):
        raise DeployError(
            f"{name!r} is not a valid deployment name: use 3 to 19 of a-z, 0-9 and -; "
            "begin with a letter and do not end with -"
        )
    path = folder / f"{name}.yaml"
    values = yaml.safe_load(path.read_text()) if path.exists() else {}
    if not isinstance(values or {}, dict):
        raise DeployError(f"{path}: not a mapping of keys to values; see {folder / 'README.md'}")
    return replace(_checked(name, values or {}, path), templates=templates)


def _checked(name: str, values: dict[str, Any], path: Path) -> Deployment:
    allowed = [each.name for each in fields(Deployment) if each.name not in ("name", "templates")]
    for key in values:
        if key not in allowed:
            close = difflib.get_close_matches(str(key), allowed, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise DeployError(f"{path}: unknown key {key}{hint} (allowed: {', '.join(allowed)})")
    if problems := list(landing_buckets.problems(values.get("landing_buckets"))):
        raise DeployError("\n".join(f"{path}: {each}" for each in problems))
    further = landing_buckets.read(values.pop("landing_buckets", None))
    texts = {key: _texts(path, key, values.get(key) or {}) for key in ("parameters", "tags")}
    single = {key: None if value is None else str(value) for key, value in values.items() if key not in texts}
    given: dict[str, Any] = {key: value for key, value in single.items() if value is not None}
    found = Deployment(name, landing_buckets=further, parameters=texts["parameters"], tags=texts["tags"], **given)
    if found.function_architecture not in package.ARCHITECTURES:
        known = " or ".join(package.ARCHITECTURES)
        raise DeployError(f"{path}: function_architecture: {found.function_architecture!r} is not valid; use {known}")
    return found


def _texts(path: Path, key: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise DeployError(f"{path}: {key}: not a mapping; write {key}: {{Name: value}}")
    spelled = {True: "true", False: "false", None: ""}
    return {
        str(name): spelled.get(each, str(each)) if isinstance(each, bool | None) else str(each)
        for name, each in value.items()
    }
