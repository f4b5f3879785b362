"""An AWS account for the deploy command: every call is counted as it arrives over HTTP, before anything answers it.

The local AWS server answers what it knows.  MWAA, the Redshift Data API and Service Quotas, which it does not know or
cannot run, are answered here: the Data API runs its statements in the Redshift stand-in, MWAA's environment keeps the
rules that the deploy command relies on (versions, states, LastUpdate).
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.parse
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg2

from infra.deploy.preflight import endpoints
from local import credentials, postgres
from local.config import HOST, Config

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_UPDATE_SECONDS = 0.3
_PAGE = 20  # rows of a page of results; the Data API has pages too
_PATH_CHARACTERS = 64  # of InvokeRestApi (botocore, mwaa: RestApiPath)
_OWN = ("airflow", "redshift-data", "redshift-serverless", "servicequotas")

Answer = tuple[int, dict[str, Any]]


class Environment:
    """An MWAA environment; `start` runs code that was installed, `ask` is Airflow's REST API."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = "AVAILABLE"
        self.versions: dict[str, str] = {}
        self.last_update: dict[str, Any] = {}
        self.asked: dict[str, Any] = {}
        """The last update."""
        self.fails_with: str | None = None
        self.reports_failed_versions = False
        """Whether the environment reports the versions of a failed update, which AWS does not document."""
        self.start: Callable[[dict[str, str]], None] = lambda _: time.sleep(_UPDATE_SECONDS)
        self.ask: Callable[[dict[str, Any]], Any] = answer_well
        self.drops_nulls = False
        """Whether InvokeRestApi leaves out the nulls of a body, which AWS does not document."""

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = {"Name": self.name, "Status": self.status, **self.versions}
        return found | ({"LastUpdate": self.last_update} if self.last_update else {})

    def update(self, asked: dict[str, str]) -> None:
        self.asked = asked
        self.status, self.last_update = "UPDATING", {"Status": "PENDING", "CreatedAt": time.time()}
        threading.Thread(target=self._update, args=(asked,), daemon=True).start()

    def _update(self, asked: dict[str, str]) -> None:
        if self.fails_with is None:
            self.start(asked)
            self.versions |= {key: value for key, value in asked.items() if key.endswith("Version")}
            self.last_update["Status"] = "SUCCESS"
        else:
            time.sleep(_UPDATE_SECONDS)  # as MWAA: it goes back to what ran, and is AVAILABLE again
            if self.reports_failed_versions:
                self.versions |= {key: value for key, value in asked.items() if key.endswith("Version")}
            self.last_update |= {"Status": "FAILED", "Error": {"ErrorMessage": self.fails_with}}
        self.status = "AVAILABLE"


def answer_well(asked: dict[str, Any]) -> Any:
    """Answer as an Airflow that has every DAG and runs it well."""
    dag_id = asked.get("QueryParameters", {}).get("dag_id_pattern", "")
    runs = {"dag_runs": [{"state": "success"}], "total_entries": 1}
    return {"import_errors": [], "dags": [{"dag_id": dag_id}], **runs}


class Account:
    """The account's endpoint and what was asked of it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.calls: list[tuple[str, str]] = []
        """Service and operation of each call, in order; S3's operations are method and key."""
        self.environments: dict[str, Environment] = {}
        self.statements: dict[str, dict[str, Any]] = {}
        self.offered = dict.fromkeys((*endpoints.ALWAYS, "ecr.api", "ecr.dkr"), "abcd") | {"airflow.env": "bcd"}
        """VPC endpoints of the region with their zones; airflow.ops is not among them."""
        self.namespaces: set[str] = set()
        """Redshift Serverless' namespaces."""
        self.vpcs_allowed = 50.0
        self.dies_at: str | None = None
        """The operation at whose arrival, before it is carried out, the process that asks is killed."""
        self.kill: Callable[[], None] = lambda: None
        self.denied: set[str] = set()
        """Operations that IAM does not allow."""
        self.throttled_calls = 0
        """How many of the next calls of MWAA are refused because there were too many."""
        self.is_late = False
        """Whether CloudFormation reports the status of before once more after it has accepted a change."""
        self._described = b""
        self._stale: bytes | None = None
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def watch(self, process_id: int) -> None:
        """Know the process that asks from now on, which `dies_at` kills."""
        self.kill = lambda: os.kill(process_id, signal.SIGKILL)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, service: str, *, writing: bool = False) -> list[str]:
        """Return what was asked of a service, only what changes something with `writing`."""
        found = [operation for name, operation in self.calls if name == service]
        return [each for each in found if not writing or not _reads(each)]

    def writes(self) -> list[tuple[str, str]]:
        """Return every call that changes something."""
        return [(service, operation) for service, operation in self.calls if not _reads(operation)]

    def endpoint_services(self) -> bytes:
        """Return EC2's description of the VPC endpoints that the region offers."""
        region = credentials.REGION
        names = "".join(f"<item>com.amazonaws.{region}.{name}</item>" for name in self.offered)
        details = ""
        for name, letters in self.offered.items():
            zones = "".join(f"<item>{region}{letter}</item>" for letter in (*letters, "-bos-1a"))
            details += f"<item><serviceName>com.amazonaws.{region}.{name}</serviceName>"
            details += f"<availabilityZoneSet>{zones}</availabilityZoneSet></item>"
        sets = f"<serviceNameSet>{names}</serviceNameSet><serviceDetailSet>{details}</serviceDetailSet>"
        answer = "DescribeVpcEndpointServicesResponse"
        return f'<{answer} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{sets}</{answer}>'.encode()

    def late(self, operation: str, status: int, content: bytes) -> tuple[int, bytes]:
        """Return CloudFormation's answer, or the one of before a change that it has just accepted."""
        if operation == "ExecuteChangeSet":
            self._stale = b"REVIEW_IN_PROGRESS"
        elif operation == "DeleteStack":
            self._stale = self._described
        elif operation == "DescribeStacks" and self._stale is not None:
            stale, self._stale = self._stale, None
            is_status = stale == b"REVIEW_IN_PROGRESS"
            return 200, re.sub(rb"(?<=<StackStatus>)\w+", stale, content) if is_status else stale
        elif operation == "DescribeStacks" and status == 200:
            self._described = content
        return status, content

    def answer(self, service: str, operation: str, path: str, body: dict[str, Any]) -> Answer:
        if service == "redshift-data" and len(body.get("Sqls", ())) > 40:
            return 400, {"message": "more than 40 statements", "__type": "ValidationException"}
        if service == "redshift-data":
            return 200, self._data_api(operation, body)
        if service == "redshift-serverless":
            name = body["namespaceName"]
            if name in self.namespaces:
                return 200, {"namespace": {"namespaceName": name}}
            return 400, {"message": f"no namespace {name}", "__type": "ResourceNotFoundException"}
        if service == "servicequotas":
            return 200, {
                "Quotas": [{"QuotaName": "VPCs per Region", "QuotaCode": "L-TEST", "Value": self.vpcs_allowed}]
            }
        return self._mwaa(operation, path, body)

    def _mwaa(self, operation: str, path: str, body: dict[str, Any]) -> Answer:
        name = path.split("/")[2] if path.count("/") > 1 else ""
        if operation == "GET /environments":
            return 200, {"Environments": list(self.environments)}
        if name not in self.environments:
            return 404, {
                "message": f"Environment not found. Environment: {name}",
                "__type": "ResourceNotFoundException",
            }
        environment = self.environments[name]
        if operation.startswith("POST /restapi/"):
            if self.throttled_calls > 0:
                self.throttled_calls -= 1
                return 429, {"__type": "ThrottlingException", "message": "Rate exceeded"}
            return _rest_api(environment, body)
        if operation.startswith("PATCH"):
            environment.update(body)
            return 200, {"Arn": f"arn:aws:airflow:us-east-1:000000000000:environment/{name}"}
        return 200, {"Environment": environment.describe()}

    def _data_api(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        if operation in ("ExecuteStatement", "BatchExecuteStatement"):
            return {"Id": self._run(body.get("Sqls") or [body["Sql"]])}
        if operation == "DescribeStatement":
            found = self.statements[body["Id"]]
            return {key: value for key, value in found.items() if key not in ("Records", "ColumnMetadata")}
        found = self.statements[body["Id"]]
        records, start = found["Records"], int(body.get("NextToken", 0))
        more = {"NextToken": str(start + _PAGE)} if len(records) > start + _PAGE else {}
        return {"Records": records[start : start + _PAGE], "ColumnMetadata": found["ColumnMetadata"], **more}

    def _run(self, statements: list[str]) -> str:
        """Run as the administrator: a batch in one transaction, a single statement in none, as the Data API does.

        A batch has no result itself, only its statements have (API reference, BatchExecuteStatement).
        """
        batch_id = str(uuid.uuid4())
        parts = [f"{batch_id}:{number}" for number in range(1, len(statements) + 1)]
        done: dict[str, Any] = {"Id": batch_id, "Status": "FINISHED", "HasResultSet": False}
        connection = psycopg2.connect(
            host=HOST,
            port=self.config.ports.redshift,
            dbname=credentials.DATABASE,
            user=postgres.SUPERUSER,
            password=credentials.load(self.config).postgres_password,
        )
        connection.autocommit = len(statements) == 1
        try:
            with connection.cursor() as current:
                for part, statement in zip(parts, statements, strict=True):
                    current.execute(statement)
                    self.statements[part] = _outcome(part, current)
            connection.commit()
        except psycopg2.Error as error:
            done |= {"Status": "FAILED", "Error": str(error)}
        else:
            outcomes = [self.statements[part] for part in parts]
            done |= {**outcomes[0], "Id": batch_id} if len(parts) == 1 else {"SubStatements": outcomes}
        finally:
            connection.close()
        self.statements[batch_id] = done
        return batch_id

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        account = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Log nothing; the requests are in `calls`."""

            def handle_call(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                match = _SERVICE.search(self.headers.get("Authorization", ""))
                service = match[1] if match else "unsigned"
                operation = _operation(self.command, self.path, self.headers.get("X-Amz-Target"), service, body)
                if account.dies_at is not None and account.dies_at in operation:
                    account.kill()
                    self.close_connection = True
                    return
                if operation in account.denied:
                    error = f"<Error><Code>AccessDenied</Code><Message>{operation}</Message></Error>"
                    self.say_text(403, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode())
                    return
                account.calls.append((service, operation))
                if operation == "DescribeVpcEndpointServices":
                    self.say_text(200, "text/xml", account.endpoint_services())
                elif service in _OWN:
                    self.say(*account.answer(service, operation, self.path, json.loads(body or b"{}")))
                else:
                    self.forward(body, operation)

            def say(self, status: int, answer: dict[str, Any]) -> None:
                self.say_text(status, "application/json", json.dumps(answer).encode(), answer.get("__type", ""))

            def say_text(self, status: int, kind: str, text: bytes, error: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def forward(self, body: bytes, operation: str) -> None:
                connection = http.client.HTTPConnection(HOST, account.config.ports.aws, timeout=60)
                headers = {key: value for key, value in self.headers.items() if key.lower() != "expect"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                status, content = answer.status, answer.read()
                if account.is_late:
                    status, content = account.late(operation, status, content)
                self.send_response(status)
                for key, value in answer.getheaders():
                    if key.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                        self.send_header(key, value)
                length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(content)
                connection.close()

        for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"):
            setattr(Handler, f"do_{method}", Handler.handle_call)
        return Handler


def _outcome(statement_id: str, current: psycopg2.extensions.cursor) -> dict[str, Any]:
    """Return a statement's outcome with its rows, in which each field has one key: its type, or isNull."""
    if not current.description:
        return {"Id": statement_id, "Status": "FINISHED", "HasResultSet": False}
    columns = [{"name": column.name} for column in current.description]
    records = [[_field(cell) for cell in row] for row in current.fetchall()]
    head = {"Id": statement_id, "Status": "FINISHED", "HasResultSet": True, "ResultRows": len(records)}
    return head | {"Records": records, "ColumnMetadata": columns}


def _field(cell: object) -> dict[str, Any]:
    if cell is None:
        return {"isNull": True}
    kinds = {bool: "booleanValue", int: "longValue", float: "doubleValue"}
    kind = kinds.get(type(cell))
    return {kind: cell} if kind else {"stringValue": str(cell)}


def _rest_api(environment: Environment, asked: dict[str, Any]) -> Answer:
    """Answer as InvokeRestApi: what Airflow refuses is an error that carries Airflow's status and words."""
    if len(asked["Path"]) > _PATH_CHARACTERS:
        return 400, {"__type": "ValidationException", "message": f"{asked['Path']}: longer than {_PATH_CHARACTERS}"}
    if environment.drops_nulls and "Body" in asked:
        asked = asked | {"Body": {key: value for key, value in asked["Body"].items() if value is not None}}
    try:
        return 200, {"RestApiStatusCode": 200, "RestApiResponse": environment.ask(asked)}
    except urllib.error.HTTPError as error:
        answer = {"RestApiStatusCode": error.code, "RestApiResponse": json.loads(error.read() or b"{}")}
        return 400, {"__type": "RestApiClientException", **answer}


def _operation(method: str, path: str, target: str | None, service: str, body: bytes) -> str:
    if target:
        return target.rpartition(".")[2]
    if b"Action=" in body:
        return urllib.parse.parse_qs(body.decode())["Action"][0]
    bare = urllib.parse.unquote(path.partition("?")[0])
    return f"{method} {bare.split('/', 2)[-1]}" if service == "s3" else f"{method} {bare}"


def _reads(operation: str) -> bool:
    return operation.startswith(("GET ", "HEAD ", "Get", "Describe", "List", "POST /restapi/"))
