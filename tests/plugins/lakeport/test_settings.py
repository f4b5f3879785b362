"""Where things are: on a laptop, on MWAA and in the Lambda."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from lakeport import settings
from local.config import REPOSITORY
from tests.support.golden import raises_golden


def installed(package: Path) -> ModuleType:
    """Load the module as it would lie in that folder."""
    package.mkdir(parents=True)
    copy = shutil.copy(settings.__file__, package / "settings.py")
    spec = importlib.util.spec_from_file_location("settings_elsewhere", copy)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("package", "home"),
    [
        ("repository/plugins/lakeport", "repository"),
        ("airflow/plugins/lakeport", "airflow/dags"),
        ("task/lakeport", "task"),
    ],
)
def test_home_is_found_in_each_layout(tmp_path: Path, package: str, home: str) -> None:
    """In the repository, beside the DAG files that MWAA syncs, beside the package in the Lambda."""
    (tmp_path / home / "sql" / "mng").mkdir(parents=True)

    assert installed(tmp_path / package).home() == tmp_path / home


def test_folder_of_another_sql_is_not_home(tmp_path: Path) -> None:
    (tmp_path / "airflow" / "sql").mkdir(parents=True)
    (tmp_path / "airflow" / "dags" / "sql" / "mng").mkdir(parents=True)

    assert installed(tmp_path / "airflow" / "plugins" / "lakeport").home() == tmp_path / "airflow" / "dags"


def test_schemas_are_at_home_unless_the_environment_sets_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAKEPORT_SCHEMAS", raising=False)
    assert settings.schemas_folder() == settings.home() / "schemas"

    monkeypatch.setenv("LAKEPORT_SCHEMAS", "")
    assert settings.schemas_folder() == settings.home() / "schemas"

    monkeypatch.setenv("LAKEPORT_SCHEMAS", "/elsewhere")
    assert settings.schemas_folder() == Path("/elsewhere")


@pytest.mark.parametrize("name", ["landing", "archive", "work", "code"])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_bucket_is_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    variable = f"LAKEPORT_{name.upper()}_BUCKET"
    monkeypatch.delenv(variable, raising=False)
    if value is not None:
        monkeypatch.setenv(variable, value)

    with raises_golden(KeyError, "airflow", f"{name} bucket is not set", variable, "make up"):
        getattr(settings, f"{name}_bucket")()


@pytest.mark.parametrize(("value", "environment"), [(None, None), ("", None), ("prod", "prod")])
def test_mwaa_environment_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, value: str | None, environment: str | None
) -> None:
    monkeypatch.delenv("LAKEPORT_MWAA_ENVIRONMENT", raising=False)
    if value is not None:
        monkeypatch.setenv("LAKEPORT_MWAA_ENVIRONMENT", value)

    assert settings.mwaa_environment() == environment


def test_option_of_mwaa_is_read_where_the_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """MWAA takes no environment variables but makes AIRFLOW__SECTION__OPTION of its configuration options."""
    monkeypatch.delenv("LAKEPORT_WORK_BUCKET", raising=False)
    monkeypatch.setenv("AIRFLOW__LAKEPORT__WORK_BUCKET", "of-the-option")
    assert settings.work_bucket() == "of-the-option"

    monkeypatch.setenv("LAKEPORT_WORK_BUCKET", "of-the-variable")
    assert settings.work_bucket() == "of-the-variable"


LAPTOP = re.compile(
    r"^\s*(from|import) (local|tests|bench)\b|127\.0\.0\.1|localhost|ministack|endpoint_url", re.MULTILINE
)
READS_THE_ENVIRONMENT = re.compile(r"os\.environ\b(?!\.setdefault)|getenv")


@pytest.mark.parametrize("folder", ["plugins", "lambda", "dags", "transforms"])
def test_product_names_nothing_of_a_laptop(folder: str) -> None:
    """The same code runs there and on AWS: endpoints and credentials are the environment's, which one module reads."""
    texts = {path: path.read_text() for path in sorted((REPOSITORY / folder).rglob("*.py"))}
    assert texts
    assert [path for path, text in texts.items() if LAPTOP.search(text)] == []
    reading = [path for path, text in texts.items() if READS_THE_ENVIRONMENT.search(text)]
    assert reading == [path for path in texts if path == Path(settings.__file__)]


def test_landing_buckets_of_a_deployment_precede_the_environment_even_if_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "_deployment", {})
    monkeypatch.setenv("LAKEPORT_LANDING_BUCKETS", "partners=of-a-local-stack")
    settings.choose_landing([])
    assert settings.landing_names() == ("default",)
