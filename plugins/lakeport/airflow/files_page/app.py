"""The web application behind the page: it reads snapshots from S3 and never queries Redshift.

Airflow does not authenticate the applications of plugins, so every path here asks for a user; data of a file type is
given to those who may read its DAG.  All paths are GET: the page's buttons call Airflow's own API as the user.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, get_user
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse

from lakeport import settings
from lakeport.airflow.files_page import views
from lakeport.files.s3_objects import s3_client
from lakeport.model import dag_id_of
from lakeport.snapshots import objects
from lakeport.snapshots.reading import Summaries, read_type

_STATIC = Path(__file__).parent / "static"
_ACTIONS = ("replay", "undo", "discard")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

app = FastAPI(title="Files", docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(GZipMiddleware)
summaries = Summaries(s3_client)


@app.middleware("http")
async def add_headers(request: Request, call_next: Any) -> Response:
    """Forbid the page everything that it does not need."""
    response: Response = await call_next(request)
    response.headers.update(_HEADERS)
    return response


@app.get("/")
def page() -> FileResponse:
    """Return the page, which has no data; it asks for a login when its first request is refused."""
    return FileResponse(_STATIC / "page.html")


@app.get("/static/{name}")
def static_file(name: str) -> FileResponse:
    """Return one of the page's scripts and styles."""
    allowed = {path.name: path for path in _STATIC.iterdir() if path.suffix in (".js", ".css", ".svg")}
    if name not in allowed:
        raise HTTPException(404)
    return FileResponse(allowed[name])


@app.get("/api/me")
def me(user: GetUserDep) -> dict[str, Any]:
    """Return which actions the user may start, and the name of the deployment that commands need."""
    actions = [name for name in _ACTIONS if _may("POST", name, user)]
    return {"actions": actions, "deployment": settings.mwaa_environment()}


@app.get("/api/overview")
def overview(user: GetUserDep) -> dict[str, Any]:
    """Return the figures of every file type whose DAG the user may read."""
    return views.overview(_allowed(summaries.read(), user))


@app.get("/api/types/{name}", dependencies=[Depends(get_user)])
def file_type(name: str, user: GetUserDep) -> dict[str, Any]:
    """Return the snapshot of one file type: its schema, columns, days and newest files."""
    _check(name, user)
    found = read_type(s3_client(), None if name == objects.NO_TYPE else name)
    if found is None:
        raise HTTPException(404, f"there is no snapshot of {name} yet; its next run or reconcile writes it")
    return found


@app.get("/api/types/{name}/files/{file_id}/rejected_rows", dependencies=[Depends(get_user)])
def rejected_rows(name: str, file_id: str, run_id: Annotated[str, Query()], user: GetUserDep) -> dict[str, Any]:
    """Return the first rejected rows of one file in one run."""
    _check(name, user)
    return objects.read(s3_client(), objects.rejected_rows_key(name, file_id, run_id)) or {"rows": []}


def _allowed(found: list[dict[str, Any]], user: Any) -> list[dict[str, Any]]:
    dags = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    return [each for each in found if each["file_type"] is None or dag_id_of(each["file_type"]) in dags]


def _check(name: str, user: Any) -> None:
    """Raise 403 unless the user may read the DAG of the type; files without a type are for every user."""
    if name != objects.NO_TYPE and not _may("GET", dag_id_of(name), user):
        raise HTTPException(403, f"you may not read the DAG {dag_id_of(name)}")


def _may(method: Any, dag_id: str, user: Any) -> bool:
    return get_auth_manager().is_authorized_dag(
        method=method, access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag_id), user=user
    )
