"""The errors that the stand-in sends to clients, in Redshift's words.

StandInError            any error this process raises towards a client; carries SQLSTATE, message and detail
    Refused             a statement that Redshift or the stand-in does not support
    CopyError           COPY fails before or outside the reading of rows; nothing is in the load-error views
        ServerError     one that carries Redshift's block of details
    LoadFailed          COPY met more bad rows than MAXERROR allows; the load-error views list them
PostgresError           the engine refused; its report is passed on
FieldError              one value does not fit its column; becomes a row of the load-error views
"""

from local.redshift.protocol import wire

INTERNAL_ERROR = "XX000"
SYNTAX_ERROR = "42601"
NOT_SUPPORTED = "0A000"
SERIALIZATION_FAILURE = "40001"
CHECK_VIOLATION = "23514"
CARDINALITY_VIOLATION = "21000"
INSUFFICIENT_PRIVILEGE = "42501"
STRING_TOO_LONG = "22001"
OUT_OF_RANGE = "22003"
DUPLICATE_COLUMN = "42701"
UNDEFINED_COLUMN = "42703"
STATEMENT_TOO_LARGE = "54000"
INVALID_PARAMETER = "22023"

BYTE_LIMIT = "lakeport_bytes"
"""Start of the names of the constraints that hold a column to its length in bytes: lakeport_bytes_<type>_<n>_<oid>."""


class StandInError(Exception):
    def __init__(self, message: str, *, sqlstate: str = INTERNAL_ERROR, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.detail = detail

    def to_wire(self) -> bytes:
        fields = {"S": "ERROR", "V": "ERROR", "C": self.sqlstate, "M": self.message}
        return wire.report(b"E", fields | ({"D": self.detail} if self.detail else {}))


class Refused(StandInError):
    def __init__(self, message: str, *, sqlstate: str = NOT_SUPPORTED) -> None:
        super().__init__(message, sqlstate=sqlstate)


class CopyError(StandInError):
    pass


class LoadFailed(StandInError):
    def __init__(self, table: str, view: str) -> None:
        super().__init__(f"Load into table '{table}' failed.  Check '{view}' system table for details.")


class PostgresError(Exception):
    """Keeps the engine's ErrorResponse unchanged."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.fields = wire.report_fields(body)
        super().__init__(self.fields.get("M", ""))


class FieldError(Exception):
    def __init__(self, code: int, reason: str, value: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.value = value
        """The part of the field to show, where it is not the whole field."""


class ServerError(CopyError):
    """An error whose DETAIL is Redshift's block of lines between two rules."""

    def __init__(self, message: str, code: int, context: str) -> None:
        super().__init__(message)
        self.code = code
        self.context = context
        self.complete(query_id=0, process_id=0)

    def complete(self, *, query_id: int, process_id: int) -> None:
        """Name the load and its session, which are not known where the error is found."""
        lines: dict[str, object] = {"error": self.message, "code": self.code, "context": self.context}
        lines |= {"query": query_id, "location": "local/redshift", "process": f"padbmaster [pid={process_id}]"}
        rule = "-" * 47
        block = "\n".join(f"  {name + ':':<11}{value}" for name, value in lines.items())
        self.detail = f"\n  {rule}\n{block}\n  {rule}"


def detailed(message: str, *, code: int, context: str = "") -> ServerError:
    return ServerError(message, code, context)


_PLACES = "WFLR"  # context, source file, line and routine


def in_redshift_words(body: bytes, conflict_wording: str = "1023") -> bytes:
    """Reword an ErrorResponse of the engine where Redshift says the same thing differently."""
    fields = wire.report_fields(body)
    sqlstate, constraint = fields.get("C"), fields.get("n", "")
    if sqlstate == SERIALIZATION_FAILURE:
        reworded = _CONCURRENT if conflict_wording == "concurrent" else _serializable_violation(fields)
    elif sqlstate == CHECK_VIOLATION:  # Redshift has no CHECK: these are all the stand-in's own
        reworded = _too_long(constraint)
    elif sqlstate == INSUFFICIENT_PRIVILEGE and fields.get("M", "").startswith("permission denied for view "):
        reworded = {"C": INSUFFICIENT_PRIVILEGE, "M": fields["M"].replace(" view ", " relation ", 1)}
    elif sqlstate == CARDINALITY_VIOLATION and fields.get("M", "").startswith("MERGE command"):
        reworded = {"C": INTERNAL_ERROR, "M": "Found multiple matches to update the same tuple."}
    elif "pg_internal." in fields.get("W", ""):  # a function of the stand-in, which Redshift does not have
        reworded = {name: text for name, text in fields.items() if name not in _PLACES}
    else:
        return body
    return wire.report(b"E", {"S": "ERROR", "V": "ERROR"} | reworded)[5:]


# Reported for SNAPSHOT isolation (redshift-jdbc-driver #147, dbt-core #2967), documented nowhere.
_CONCURRENT = {"C": INTERNAL_ERROR, "M": "could not complete because of conflict with concurrent transaction"}


def _serializable_violation(fields: dict[str, str]) -> dict[str, str]:
    cause = fields.get("M", "") + (f": {fields['D']}" if "D" in fields else "")
    detail = f"Serializable isolation violation on table in Redshift ({cause})"
    return {"C": INTERNAL_ERROR, "M": "1023", "D": detail}


def _too_long(constraint: str) -> dict[str, str]:
    if not constraint.startswith(BYTE_LIMIT):
        return {"C": STRING_TOO_LONG, "M": "value too long for type binary varying"}
    kind, length = constraint.removeprefix(BYTE_LIMIT).split("_")[1:3]
    if kind == "numeric":
        return {"C": OUT_OF_RANGE, "M": "Numeric data overflow (result precision)"}
    name = "character varying" if kind == "varchar" else "character"
    return {"C": STRING_TOO_LONG, "M": f"value too long for type {name}({length})"}
