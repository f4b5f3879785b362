"""The page "Files" in the Airflow UI."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from lakeport.airflow.files_page.placement import VIEWS


class FilesPage(AirflowPlugin):
    """Serve the page at /files/, as an entry of the menu and as a tab of DAGs and runs."""

    name = "lakeport_files"
    external_views = VIEWS

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        # Every process of Airflow loads plugins; only the API server reads this, so only it imports the application.
        from lakeport.airflow.files_page.app import app  # noqa: PLC0415

        return [{"app": app, "url_prefix": "/files", "name": "Files"}]
