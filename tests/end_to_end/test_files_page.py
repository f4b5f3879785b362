"""The page Files in the Airflow UI: what operators see, what they can do, and who may do it."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest

from local import airflow_api, credentials
from local.aws import names
from tests.support.browser import Browser, browser
from tests.support.running_lakeport import Lakeport
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.end_to_end.conftest import LoadedDemo

DAYS, DAY_AGAIN = "readings_2013-01-01_to_03.csv.gz.pgp", "readings_2013-01-02_again.csv.gz.pgp"
AIRFLOWS_SCRIPTS = "*/static/assets/*.js"
LONG_AGO = "2020-01-01T00:00:00"
HOSTILE = "airlines/<img src=x onerror=alert(1)>\u202e" + "n" * 800 + ".csv"


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def token(lakeport: Lakeport, user: str) -> str:
    body = json.dumps({"username": user, "password": user}).encode()
    request = urllib.request.Request(
        f"{lakeport.config.airflow_url}/auth/token", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["access_token"])


def answer(lakeport: Lakeport, path: str, user: str | None) -> tuple[int, Any, dict[str, str]]:
    """Return status, body and headers of the page's server."""
    headers = {"Authorization": f"Bearer {token(lakeport, user)}"} if user else {}
    request = urllib.request.Request(f"{lakeport.config.airflow_url}/files/{path}", headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def run_in(url: str) -> str:
    """Return the run of an address in Airflow's UI, empty if it has none."""
    return unquote(url.partition("/runs/")[2].partition("/")[0])


def follow(window: Browser, link: str) -> str:
    """Click a link to a run in Airflow and return the run; what Airflow shows there is another test's."""
    with window.without(AIRFLOWS_SCRIPTS):
        window.click(link)
        run_id = str(until(lambda: run_in(window.driver.current_url)))
        window.driver.get("about:blank")
    return run_id


def approve(lakeport: Lakeport, dag_id: str, run_id: str) -> None:
    """Approve a plan by the call that the button under Required Actions makes."""
    path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/approve"
    until(lambda: lakeport.airflow(path)["state"] == "deferred", lambda: lakeport.airflow(path))
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    airflow_api.call(lakeport.config, f"{path}/-1/hitlDetails", answer, "PATCH")


def shows(window: Browser, address: str, text: str) -> bool:
    """Open the page of a file and return whether it shows the text."""
    window.open(address)
    return text in window.wait_for("What happened")


def test_an_operator_undoes_discards_and_replays_a_file_in_the_browser(lakeport: Lakeport, window: Browser) -> None:
    version = lakeport.drop("airlines.csv", "airlines/airlines_page.csv")
    file = lakeport.wait_for(version, "Done", "Fail")
    address = f"{lakeport.config.airflow_url}/files/?type=airlines&file={file['file_id']}"
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.USER))

    steps = {"Undo": ("Done", "Fail"), "Discard": ("Fail", "Filtered Out"), "Replay": ("Filtered Out", "Done")}
    for action, (before, status) in steps.items():
        until(partial(shows, window, address, f"{before} since"))
        assert ("Undo" in window.buttons()) is (before == "Done")
        window.click(action)
        window.wait_for("See its plan and approve it")
        window.click("Reload")  # as the page does every few seconds
        approve(lakeport, action.lower(), follow(window, "See its plan and approve it"))
        lakeport.wait_for(version, status)
        moves = lakeport.query(
            "SELECT reason FROM mng.status_log WHERE file_id = %s AND reason LIKE %s",
            (file["file_id"], f"{action.lower()} asked by lakeport, approved by lakeport%"),
        )
        assert len(moves) == 1

    window.open(address)
    window.wait_for("Done since", "approved by lakeport")


def test_an_operator_brings_back_the_rows_that_a_file_replaced(lakeport: Lakeport, window: Browser) -> None:
    """A day of encrypted readings was sent again; without that file, the day has its former rows."""
    rows = "SELECT day, COUNT(*), MIN(_loaded_at)::varchar FROM lake.readings GROUP BY 1 ORDER BY 1"
    lakeport.wait_for(lakeport.drop(DAYS, f"readings/{DAYS}"), "Done", "Fail")
    before = lakeport.query(rows)
    version = lakeport.drop(DAY_AGAIN, f"readings/{DAY_AGAIN}")
    file = lakeport.wait_for(version, "Done", "Fail")
    assert [row[:2] for row in lakeport.query(rows)] == [row[:2] for row in before]
    assert lakeport.query(rows) != before
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.USER))

    window.open(f"{lakeport.config.airflow_url}/files/?type=readings&file={file['file_id']}")
    window.wait_for("Rows replaced")
    window.click("Undo and restore")
    approve(lakeport, "undo", follow(window, "See its plan and approve it"))

    assert "and restored 72 rows" in lakeport.wait_for(version, "Fail")["status_reason"]
    assert lakeport.query(rows) == before


def test_the_rejected_rows_of_a_failed_file_are_shown_with_the_value_marked(
    lakeport: Lakeport, loaded_demo: LoadedDemo, window: Browser
) -> None:
    file = lakeport.file(loaded_demo.version("weather/weather_2013_damaged.csv.gz"))
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.USER))
    until(lambda: b'"Fail"' in answer(lakeport, "api/types/weather", credentials.USER)[1])

    window.open(f"{lakeport.config.airflow_url}/files/?type=weather&file={file['file_id']}")

    text = window.wait_for("Rejected rows (5)", "5 of 200 rows were rejected")
    assert "time_hour" in text
    marked = window.driver.find_elements("css selector", "code mark")
    assert "2013-01-01T25:00:00Z" in [each.text for each in marked]
    phone = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    window.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    visible = [each for each in window.driver.find_elements("css selector", "code mark") if each.is_displayed()]
    assert "2013-01-01T25:00:00Z" in [each.text for each in visible]
    window.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    window.open(f"{lakeport.config.airflow_url}/files/?type=weather&file={file['file_id']}&action=replay")
    until(lambda: window.driver.switch_to.active_element.text == "Replay")  # as the link in the alert asks


@pytest.mark.usefixtures("loaded_demo")
def test_the_page_inside_airflow_lists_every_type(lakeport: Lakeport, window: Browser) -> None:
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.USER))

    window.open(f"{lakeport.config.airflow_url}/plugin/files")
    frame = until(lambda: window.driver.find_elements("tag name", "iframe"))[0]
    window.driver.switch_to.frame(frame)

    window.wait_for("Overview", "airlines", "rows loaded")


@pytest.mark.usefixtures("loaded_demo")
def test_a_type_whose_snapshot_lacks_its_last_run_is_marked_until_reconcile(
    lakeport: Lakeport, window: Browser
) -> None:
    s3, place = lakeport.client("s3"), {"Bucket": names.WORK_BUCKET, "Key": "state/summaries/airlines.json"}
    summary = json.loads(gzip.decompress(s3.get_object(**place)["Body"].read()))
    body = gzip.compress(json.dumps(summary | {"as_of": LONG_AGO}).encode())
    s3.put_object(**place, Body=body, Metadata={"as-of": LONG_AGO})
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.USER))

    window.open(f"{lakeport.config.airflow_url}/files/")
    window.wait_for("Out of date: airlines", "last change: ")
    lakeport.command("reconcile")
    window.open(f"{lakeport.config.airflow_url}/files/")

    assert "Out of date" not in window.wait_for("last change: ", "airlines")


def test_a_viewer_sees_files_and_no_buttons(lakeport: Lakeport, loaded_demo: LoadedDemo, window: Browser) -> None:
    file = lakeport.file(loaded_demo.version("airlines/airlines.csv"))
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.VIEWER))

    window.open(f"{lakeport.config.airflow_url}/files/?type=airlines&file={file['file_id']}")

    window.wait_for("airlines/airlines.csv", "What happened")
    assert window.buttons() == ["Reload"]
    assert json.loads(answer(lakeport, "api/me", credentials.VIEWER)[1]) == {"actions": [], "deployment": None}


def test_a_hostile_name_is_shown_as_text(lakeport: Lakeport, window: Browser) -> None:
    put = lakeport.client("s3").put_object(
        Bucket=names.LANDING_BUCKET, Key=HOSTILE, Body=b"carrier,name\nAA,<b>x</b>\n"
    )
    file = lakeport.wait_for(put["VersionId"], "Done", "Fail", "Rejected")
    window.log_in(lakeport.config.airflow_url, token(lakeport, credentials.USER))
    name = file["file_type"] or "-"
    if not file["file_type"]:
        lakeport.command("reconcile")

    window.open(f"{lakeport.config.airflow_url}/files/?type={name}&file={file['file_id']}")

    assert "<img src=x onerror=alert(1)>" in window.wait_for("What happened")
    assert window.driver.find_elements("css selector", "main img") == []


@pytest.mark.parametrize(
    "path", ["api/me", "api/overview", "api/types/airlines", "api/types/airlines/files/x/rejected_rows?run_id=x"]
)
def test_user_without_login_gets_no_data(lakeport: Lakeport, path: str) -> None:
    status, body, _ = answer(lakeport, path, None)
    assert (status, b"airlines" in body) == (401, False)


@pytest.mark.parametrize("path", ["docs", "redoc", "openapi.json", "static/..%2Fapp.py", "static/app.py"])
def test_nothing_else_is_served(lakeport: Lakeport, path: str) -> None:
    assert answer(lakeport, path, credentials.USER)[0] == 404


def test_the_page_may_load_nothing_from_elsewhere(lakeport: Lakeport) -> None:
    _, _, headers = answer(lakeport, "", credentials.USER)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
