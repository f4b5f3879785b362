"""Where Airflow's UI shows the page; the addresses are relative, so that they work behind a proxy."""

VIEWS: list[dict[str, str]] = [
    {"name": "Files", "href": "files/", "destination": "nav", "url_route": "files"},
    {"name": "Files", "href": "files/?dag={DAG_ID}", "destination": "dag", "url_route": "dag_files"},
    {
        "name": "Files",
        "href": "files/?dag={DAG_ID}&run={RUN_ID}",
        "destination": "dag_run",
        "url_route": "run_files",
    },
]
