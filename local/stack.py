"""Start and stop the whole stack: the order of its parts, and the progress that is shown."""

import contextlib
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter

import psutil

from local import airflow, airflow_api, credentials, postgres, processes, warehouse
from local.alone import alone
from local.aws import function, names, resources, server
from local.config import HOST, REPOSITORY, Config, Ports, is_free, variable
from local.errors import PartError, StackError
from local.forking import Forker
from local.processes import Service
from local.sinks import services as sinks

Report = Callable[[str], None]

_TAKEN = "another `up` or `down` of this stack is running; wait until it ends."

# The process that listens on each port: it distinguishes ours from a foreign one.
LISTENERS = {name: name for name in Ports().by_name()} | {"airflow": "airflow-api-server"}


@dataclass(frozen=True)
class Step:
    """A task of `up`; `run` returns one word for what it did."""

    name: str
    run: Callable[[], str]
    after: tuple[str, ...] = ()


def up(config: Config, report: Report, only: frozenset[str] | None = None, forker: Forker | None = None) -> None:
    """Start what does not run yet, in order, in parallel where possible.

    `only` names the parts wanted, with whatever they need; without it everything is started.  A forker of one's own
    serves several starts, and is for its owner to close.
    Raises StackError, and starts nothing, when a port is taken; raises PartError when a part does not start.
    """
    started = time.monotonic()
    given_up = threading.Event()
    with alone(config.state, _TAKEN), contextlib.ExitStack() as closing:
        forker = forker or closing.enter_context(Forker(given_up))
        check_ports(config)
        credentials.load(config)
        write_shell_environment(config)
        selected = _selected({step.name: step for step in steps(config, given_up, forker)}, only)
        processes.begin_forks(config, [each for each in services(config) if each.name in selected], forker)
        for name, what, seconds in _run(selected, given_up):
            report(f"{time.monotonic() - started:6.1f} s  {name:<22} {what} ({seconds:.1f} s)")


def down(config: Config, report: Report) -> None:
    """Stop every part, whatever state the stack is in: users of PostgreSQL first, PostgreSQL last."""
    if not config.state.exists():
        return
    last = postgres.service(config)
    others = [service for service in services(config) if service.name != last.name]
    with alone(config.state, _TAKEN):
        for name in [*processes.stop(config, others), *processes.stop(config, [last])]:
            report(f"stopped {name}")


def services(config: Config) -> list[Service]:
    """Return every part that is a process."""
    return [
        postgres.service(config),
        server.service(config),
        sinks.mail(config),
        sinks.slack(config),
        warehouse.service(config),
        *airflow.services(config),
    ]


def check_ports(config: Config) -> None:
    """Raise StackError for the ports that someone else listens on, all of them at once."""
    ports = config.ports.by_name()
    problems = [
        f"port {port} is taken{_by_whom(port)}, and {name} needs it: free it or choose another, {variable(name)}=PORT"
        for name, port in ports.items()
        if not is_free(port) and not processes.listens(config, LISTENERS[name], port)
    ]
    same = {port: [name for name in ports if ports[name] == port] for port in sorted(set(ports.values()))}
    problems += [
        f"port {port} is given to {' and '.join(names)}: choose another for one of them, {variable(names[-1])}=PORT"
        for port, names in same.items()
        if len(names) > 1
    ]
    if problems:
        raise StackError("Nothing was started.\n" + "\n".join(f"  {problem}" for problem in problems))


def shell_environment(config: Config) -> dict[str, str]:
    """Return the environment variables with which commands use this stack."""
    return server.environment(config) | names.PRODUCT_ENVIRONMENT


def write_shell_environment(config: Config) -> None:
    """Write .lakeport/env, which `./lakeport` reads and a person may `source`."""
    lines = ["unset AWS_PROFILE AWS_SESSION_TOKEN"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in shell_environment(config).items()]
    credentials.write_private(config.state / "env", "\n".join(lines) + "\n")


def addresses(config: Config) -> list[tuple[str, str, str]]:
    """Return the addresses to open: name, address, user and password."""
    user = f"user {credentials.USER}, password {credentials.PASSWORD}"
    return [
        ("Airflow", config.airflow_url, user),
        ("Redshift", f"{HOST}:{config.ports.redshift}", f"{user}, database {credentials.DATABASE}"),
        ("AWS", config.aws_endpoint, f"key {credentials.AWS_KEY}, secret {credentials.AWS_SECRET}"),
        (
            "Landing",
            " and ".join(f"s3://{bucket}" for bucket in names.LANDING_BUCKETS),
            f"source {shlex.quote(str(config.state / 'env'))}",
        ),
        ("Mail", str(sinks.mail_directory(config)), f"SMTP on {HOST}:{config.ports.mail}"),
        ("Slack", str(sinks.slack_directory(config)), config.slack_url),
        ("Logs", str(config.logs), ""),
    ]


def steps(config: Config, given_up: threading.Event, forker: Forker | None = None) -> Iterator[Step]:
    """Return the steps of `up`; each lists the steps that it waits for."""

    def part(service: Service, *after: str, prepare: Callable[[Config], None] | None = None) -> Step:
        def run() -> str:
            if prepare and not processes.running(config, service.name):
                prepare(config)
            return "started" if processes.start(config, service, given_up, forker) else "already running"

        return Step(service.name, run, after)

    def task(name: str, work: Callable[[], str | None], *after: str) -> Step:
        return Step(name, lambda: work() or "done", after)

    yield part(postgres.service(config), prepare=_initialize_postgres)
    yield part(server.service(config), prepare=server.prepare)
    yield task("aws-resources", lambda: resources.create(config), "aws")
    yield part(sinks.mail(config))
    yield part(sinks.slack(config))
    yield task("airflow-database", lambda: airflow.prepare(config), "postgres")
    yield part(warehouse.service(config), "postgres", "aws")
    components = airflow.services(config)
    for service in components:
        yield part(service, "airflow-database", "aws-resources")
    yield task("dags", lambda: airflow_api.wait_for_dags(config), *(service.name for service in components))
    # Before the function, or its first batches would fail and be hidden for minutes.
    yield task("tables", lambda: _make_tables(config), "redshift", "aws-resources")
    yield task("publish", lambda: _publish(config), "aws-resources")
    yield task("function", lambda: function.deploy(config), "aws-resources", "tables", "publish")


def _initialize_postgres(config: Config) -> None:
    from local import prepared  # noqa: PLC0415 - a health check does not need it

    prepared.initialize(config)


def _make_tables(config: Config) -> None:
    done = _lakeport(config, "mng", "init")
    if done.returncode:
        raise PartError(f"lakeport mng init failed:\n{done.stdout}{done.stderr}")


def _publish(config: Config) -> str | None:
    """Publish the schemas; a broken one is reported and does not affect the others."""
    done = _lakeport(config, "publish")
    if done.stderr:
        raise PartError(f"lakeport publish failed:\n{done.stdout}{done.stderr}")
    return f"invalid schemas:\n{done.stdout}" if done.returncode else None


def _lakeport(config: Config, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run our own command against this stack."""
    variables = processes.base_environment() | shell_environment(config)
    variables["PYTHONPATH"] = str(REPOSITORY / "plugins")
    command = [sys.executable, "-m", "lakeport.cli", *arguments]
    return subprocess.run(command, check=False, env=variables, cwd=REPOSITORY, capture_output=True, text=True)


def _selected(steps: dict[str, Step], only: frozenset[str] | None) -> dict[str, Step]:
    """Return the wanted steps and those they wait for."""
    if only is None:
        return steps
    wanted: set[str] = set()
    ahead = list(only)
    while ahead:
        name = ahead.pop()
        if name not in wanted:
            wanted.add(name)
            ahead += steps[name].after
    return {name: step for name, step in steps.items() if name in wanted}


def _run(steps: dict[str, Step], given_up: threading.Event) -> Iterator[tuple[str, str, float]]:
    """Run each step when those before it are done; the first failure, or Ctrl-C, ends it."""
    order = TopologicalSorter({name: [each for each in step.after if each in steps] for name, step in steps.items()})
    order.prepare()
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        pending: dict[Future[tuple[str, float]], str] = {}
        try:
            while order.is_active():
                pending |= {pool.submit(_timed, steps[name]): name for name in order.get_ready()}
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    name = pending.pop(future)
                    yield (name, *future.result())
                    order.done(name)
        except BaseException:
            given_up.set()
            raise


def _timed(step: Step) -> tuple[str, float]:
    started = time.monotonic()
    return step.run(), time.monotonic() - started


def _by_whom(port: int) -> str:
    """Return the process that listens, if the system reports it."""
    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.pid and each.laddr[1:] == (port,):
                return f" by {psutil.Process(each.pid).name()} (process {each.pid})"
    return ""
