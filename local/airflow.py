"""Airflow 3 as four processes with LocalExecutor, its database in the stack's PostgreSQL, users with passwords."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

from local import airflow_health, credentials, postgres
from local.aws import names, server
from local.config import HOST, REPOSITORY, Config
from local.errors import PartError
from local.processes import Service, base_environment, log_path, tail

DATABASE = "airflow"
SECRETS_BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
# A looping scheduler sleeps this long when idle: Airflow's own second would be most of a small file's way.
SCHEDULER_SLEEP_SECONDS = 0.2

# component: its name in the health report and the command's options.
# Logs are read from disk: a log server would only take two more ports, on all interfaces.
COMPONENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "api-server": ("metadatabase", ("api-server",)),
    "scheduler": ("scheduler", ("scheduler", "--skip-serve-logs")),
    "dag-processor": ("dag_processor", ("dag-processor",)),
    "triggerer": ("triggerer", ("triggerer", "--skip-serve-logs")),
}


@dataclass(frozen=True)
class Installation:
    """The code an Airflow runs and how it is set up: by default the working tree."""

    code: Path = REPOSITORY
    """The folder of dags/ and plugins/."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Airflow's options, as section__option, beyond those of every laptop."""
    product: Mapping[str, str] = field(default_factory=lambda: names.PRODUCT_ENVIRONMENT)
    """What product code reads from its environment."""


def services(config: Config, installation: Installation | None = None) -> list[Service]:
    """Describe the four components; `prepare` must have been called."""
    variables = environment(config, installation)
    return [
        Service(
            name=_name(component),
            command=(sys.executable, "-m", "local.airflow_component", *command),
            fork_arguments=command,
            environment=variables,
            is_ready=partial(airflow_health.is_healthy, config, _name(component), reported_as),
            start_within_seconds=180,
        )
        for component, (reported_as, command) in COMPONENTS.items()
    ]


def prepare(config: Config) -> None:
    """Make the database, bring it to this Airflow's version and write the users' passwords."""
    _home(config).mkdir(parents=True, exist_ok=True)
    credentials.write_private(_passwords_path(config), json.dumps(_passwords()))
    postgres.create_database(config, DATABASE, credentials.load(config).airflow_database_password)
    stamp = _stamp(config)
    if stamp.exists() and stamp.read_text() == version("apache-airflow-core"):
        return
    with log_path(config, "airflow-migrate").open("wb") as log:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        variables = base_environment() | environment(config)
        done = subprocess.run(command, check=False, env=variables, stdout=log, stderr=log, cwd=REPOSITORY)
    if done.returncode:
        log_file = log_path(config, "airflow-migrate")
        raise PartError(f"airflow db migrate failed:\n{tail(log_file)}\nThe whole log: {log_file}")
    note_migration(config)


def note_migration(config: Config) -> None:
    """Note that the database is at this Airflow's version."""
    _home(config).mkdir(parents=True, exist_ok=True)
    _stamp(config).write_text(version("apache-airflow-core"))


def environment(config: Config, installation: Installation | None = None) -> dict[str, str]:
    """Return the environment of every Airflow process; product settings are the same as on MWAA."""
    installed = installation or Installation()
    secret = credentials.load(config)
    database = f"{DATABASE}:{secret.airflow_database_password}@{HOST}:{config.ports.postgres}/{DATABASE}"
    options = {
        "core__executor": "LocalExecutor",
        "core__parallelism": "8",
        "core__dags_folder": str(installed.code / "dags"),
        "core__plugins_folder": str(installed.code / "plugins"),
        "core__load_examples": "False",
        "core__hostname_callable": "socket.gethostname",  # no name server is asked
        "core__execution_api_server_url": f"{config.airflow_url}/execution/",
        "core__fernet_key": secret.fernet_key,
        "core__auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "core__simple_auth_manager_users": f"{credentials.USER}:admin,{credentials.VIEWER}:viewer",
        "core__simple_auth_manager_passwords_file": str(_passwords_path(config)),
        "core__min_serialized_dag_update_interval": "5",
        "database__sql_alchemy_conn": f"postgresql+psycopg2://{database}",
        "api__host": HOST,
        "api__port": str(config.ports.airflow),
        "api__base_url": config.airflow_url,
        "api__secret_key": secret.api_secret,
        "api_auth__jwt_secret": secret.jwt_secret,
        "dag_processor__dag_bundle_config_list": json.dumps(_bundles(config, installed.code)),
        "dag_processor__refresh_interval": "5",
        "dag_processor__bundle_refresh_check_interval": "2",
        "dag_processor__min_file_process_interval": "10",  # each time takes a second of a core
        "scheduler__scheduler_idle_sleep_time": str(SCHEDULER_SLEEP_SECONDS),
        "scheduler__task_instance_heartbeat_timeout": "20",
        "scheduler__task_instance_heartbeat_timeout_detection_interval": "5",
        "secrets__backend": SECRETS_BACKEND,
        "secrets__backend_kwargs": json.dumps(_secrets_backend_options()),
        "logging__base_log_folder": str(config.logs / "airflow"),
        "logging__dag_processor_child_process_log_directory": str(config.logs / "airflow" / "dag_processor"),
        "logging__colored_console_log": "False",
        "usage_data_collection__enabled": "False",
        **dict(config.airflow_options),
        **installed.options,
    }
    return {
        **{f"AIRFLOW__{name.upper()}": value for name, value in options.items()},
        "AIRFLOW_HOME": str(_home(config)),
        # Airflow's processes rename themselves; this keeps /proc/PID/environ whole, by which we find them again.
        "SPT_NOENV": "1",
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS ends forked workers otherwise
        # Airflow imports plugins once, as it starts: with this, `up` restarts it when they changed.
        "LAKEPORT_PLUGINS_DIGEST": _digest_of(installed.code / "plugins"),
        **server.environment(config),
        **installed.product,
    }


def _bundles(config: Config, code: Path) -> list[dict[str, object]]:
    folders = {"dags-folder": code / "dags"} | ({"more-dags": config.more_dags} if config.more_dags else {})
    return [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(folder), "refresh_interval": 5},
        }
        for name, folder in folders.items()
    ]


def _secrets_backend_options() -> dict[str, str | None]:
    return {
        "connections_prefix": names.CONNECTIONS_PREFIX,
        "connections_lookup_pattern": "^lakeport_.*$",
        "variables_prefix": None,
        "config_prefix": None,
    }


def _digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _name(component: str) -> str:
    return f"airflow-{component}"


def _home(config: Config) -> Path:
    return config.state / "airflow"


def _stamp(config: Config) -> Path:
    return _home(config) / "migrated"


def _passwords() -> dict[str, str]:
    return {credentials.USER: credentials.PASSWORD, credentials.VIEWER: credentials.VIEWER}


def _passwords_path(config: Config) -> Path:
    return _home(config) / "passwords.json"
