"""How many rejected rows a load tolerates, and who sees them: what `rejects` says in a schema."""

from pydantic import ValidationInfo, field_validator

from lakeport.schema.values import Limit, Part, RejectLimit


class Rejects(Part):
    """How many rejected rows a load tolerates."""

    fail: Limit = RejectLimit()
    """If more rows than this are rejected (a number, or a share such as 1%), nothing is loaded."""
    warn: Limit | None = None
    """If more rows than this are rejected, the other rows are loaded and an alert is sent."""
    show: bool = True
    """Whether alerts, the page Files, commands with --deployment and logs of tasks show values of rows: rejected rows,
    rows that do not pass a check, duplicate keys, messages of Redshift; if not, only mng.load_errors has the rejected
    rows, and messages leave values out."""

    def values_in_message(self, values: str) -> str:
        """Return values of rows for a message, or that the message leaves them out."""
        return values if self.show else "(values are not shown: rejects.show is false)"

    @field_validator("warn")
    @classmethod
    def _comes_before_fail(cls, warn: RejectLimit | None, info: ValidationInfo) -> RejectLimit | None:
        fail = info.data.get("fail")
        if warn and fail and not warn.is_below(fail):
            raise ValueError(
                f"is {warn}, but more than {fail} rejected rows fail the load, so it never warns; write less than fail"
            )
        return warn
