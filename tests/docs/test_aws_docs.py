"""What the documents state about AWS matches the templates, and each statement has how it was checked."""

from __future__ import annotations

import re

import pytest

from lakeport import errors
from lakeport.alerts import loaded_messages, messages, run_messages
from lakeport.alerts.runbook import HEADINGS, Family, family_of, place_of
from lakeport.preparing import transfer
from lakeport.redshift import copy_statement
from local.config import REPOSITORY
from tests.infra.stacks import NETWORK, of_type
from tests.support import policy
from tests.support.alerts import ALERTS

DOCS = REPOSITORY / "docs"
COSTS = (DOCS / "costs.md").read_text()
LIMITS = (DOCS / "limits.md").read_text()
CHECKED = (DOCS / "aws_checked.md").read_text()
RUNBOOK = (DOCS / "runbook.md").read_text()
HOURS = 730
WAYS = {"run here", "lint", "documentation", "not checked"}


def test_endpoints_that_cost_are_those_of_the_template() -> None:
    """Counted as the defaults make them."""
    interfaces = {
        name for name, each in of_type("AWS::EC2::VPCEndpoint").items() if each["VpcEndpointType"] == "Interface"
    }
    default = [
        name for name in interfaces if NETWORK["Parameters"].get(parameter_of(name), {}).get("Default") != "false"
    ]

    assert f"{len(default)} interface endpoints in 2 zones" in COSTS
    assert f"| ${round(len(default) * 2 * 0.01 * HOURS)} |" in COSTS


def parameter_of(endpoint: str) -> str:
    condition = NETWORK["Resources"][endpoint]["Condition"]
    return str(condition.removeprefix("With"))


def test_cost_of_wake_ups_is_calculated_right() -> None:
    rows = re.findall(r"^\| (\d+)[^|]*\| \$(\d+) \| \$(\d+) \|$", COSTS, re.MULTILINE)
    assert len(rows) == 4
    for wake_ups, *months in rows:
        for rpu, month in zip((4, 8), months, strict=True):
            assert abs(int(wake_ups) / 60 * rpu * 0.375 * HOURS / 24 - int(month)) <= 1


def test_prices_by_the_hour_make_their_months() -> None:
    for price, month in re.findall(r"\$(0\.\d+) an hour \|[^|]+\| \$(\d+) \|", COSTS):
        assert abs(float(price) * HOURS - int(month)) <= 1


def test_limits_are_those_of_the_code() -> None:
    assert f"| {copy_statement.MAX_ERRORS:,} |" in LIMITS
    assert f"| {transfer.MAX_SPOOLED_BYTES >> 30} GiB |" in LIMITS


def statements() -> list[list[str]]:
    rows = [re.split(r" *\| *", line.strip("| ")) for line in CHECKED.splitlines() if line.startswith("| ")]
    return [row for row in rows[1:] if set(row[0]) != {"-"}]


def test_statements_have_documents_and_how_they_were_checked() -> None:
    assert len(statements()) >= 30
    for statement, documents, way, by in statements():
        assert statement and by, statement
        assert way in WAYS, statement
        for document in documents.split(", "):
            assert (REPOSITORY / document.strip("`")).is_file(), statement
    assert {way for _, _, way, _ in statements()} == WAYS


def test_statements_that_were_run_here_list_the_test() -> None:
    for statement, _, way, by in statements():
        if way == "run here":
            paths = re.findall(r"`((?:tests|checks|infra)/[^`:]+)`", by)
            assert paths, statement
            assert [path for path in paths if not (REPOSITORY / path).exists()] == [], statement


def test_documents_about_aws_have_their_statements_in_the_table() -> None:
    documents = {document.strip("`") for row in statements() for document in row[1].split(", ")}
    about_aws = {
        "docs/costs.md",
        "docs/install.md",
        "docs/upgrade.md",
        "docs/limits.md",
        "docs/runbook.md",
        "docs/security.md",
    }
    assert about_aws <= documents


def test_every_alarm_is_in_the_runbook() -> None:
    alarms = {
        each["AlarmName"]["Fn::Sub"].replace("${Name}", "NAME") for each in of_type("AWS::CloudWatch::Alarm").values()
    }
    assert set(re.findall(r"^### Alarm `(NAME-[a-z-]+)`$", RUNBOOK, re.MULTILINE)) == alarms


ENTRIES = re.findall(
    r"^#{3,4} ([^\n]+)\n(.*?)(?=^#|\Z)", RUNBOOK.split("## Messages of AWS")[0], re.DOTALL | re.MULTILINE
)
PARTS = ["What happened", "What is safe", "What to do", "Whom to call"]
NOT_OF_A_LOAD = {
    *("LakeportError", "SchemaError", "ArrivalError", "NotPublished", "SelectionError", "SampleError", "RunFailed"),
    *("NotReconciled", "AlertNotSent", "CheckFailed"),
}
"""Errors that end no task of a load; LakeportError itself is unexpected, so no entry has its remedy."""


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_leads_to_the_entry_whose_heading_its_reader_sees(name: str) -> None:
    alert = ALERTS[name]
    [heading] = [each for each, _ in ENTRIES if place_of(each) == alert.runbook]
    seen = "\n".join([alert.title, *(fact.text for fact in alert.facts())])
    blank = re.sub(r"[A-Z_]{2,}|\b[NM]\b", "\0", heading).replace("files wait", "files? waits?")
    pattern = re.sub(r"files (were|are)", "files? (was|were|is|are)", blank).replace("\0", ".+").replace(";", ".+")
    assert re.search(pattern, seen)


def test_every_alert_and_every_error_of_a_load_has_its_entry() -> None:
    modules = (vars(messages) | vars(run_messages) | vars(loaded_messages)).items()
    kinds = {name for name, each in modules if isinstance(each, type) and "title" in vars(each)} - {"Alert"}
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    without = {each.__name__ for each in classes if family_of(each.__new__(each)) == Family.OTHER}

    assert {type(alert).__name__ for alert in ALERTS.values()} == kinds
    assert without == NOT_OF_A_LOAD
    assert set(HEADINGS) == set(Family)
    assert set(HEADINGS.values()) <= {heading for heading, _ in ENTRIES}


def test_every_entry_has_what_happened_what_is_safe_what_to_do_and_whom_to_call() -> None:
    assert [(heading, re.findall(r"^\*\*(.+?):\*\*", text, re.MULTILINE)) for heading, text in ENTRIES] == [
        (heading, PARTS) for heading, _ in ENTRIES
    ]


def test_operators_may_do_the_steps_of_the_runbook() -> None:
    """What the commands call is compared with the policy by an end-to-end test, which makes the calls."""
    for words, actions in policy.BY_HAND.items():
        assert words in RUNBOOK
        assert actions <= policy.allowed()
