"""Fixed width: each field has so many characters; the line may end early, and blanks stay."""

import dataclasses
import re

from local.redshift.copy.formats.text import Incomplete, Report, TextReader
from local.redshift.copy.rows import Record, Reject, RowChecker
from local.redshift.protocol.errors import CopyError, FieldError

_QUOTED = re.compile(r"(['\"])(.*)\1 *\Z", re.DOTALL)


class FixedWidthReader(TextReader):
    def __init__(self, checker: RowChecker, report: Report) -> None:
        super().__init__(checker, report)
        widths = self.options.widths
        if len(widths) != len(checker.columns):
            raise CopyError(f"FIXEDWIDTH describes {len(widths)} columns, {len(checker.columns)} are loaded")
        ends = [sum(widths[: number + 1]) for number in range(len(widths))]
        self._bounds = list(zip([0, *ends], ends, strict=False))
        # Redshift counts positions in such a line from -1.
        self._positions = [start - 1 for start, _ in self._bounds]

    def sound_end(self, data: bytes, *, is_final: bool) -> tuple[int, bool]:
        return len(data) if is_final else data.rfind(b"\n") + 1, False

    def middle(self, piece: bytes) -> int:
        return piece.rfind(b"\n", 0, len(piece) // 2) + 1

    def record(self, text: str, at: int, line: int, *, is_final: bool) -> tuple[int, Record | Reject]:
        end = text.find("\n", at)
        if end < 0 and not is_final:
            raise Incomplete
        raw = text[at : end if end >= 0 else len(text)].removesuffix("\r")
        record = Record(line, raw, [raw[start:stop] for start, stop in self._bounds], self._positions)
        return end + 1 or len(text), self._unquoted(record) if self.options.remove_quotes else record

    def _unquoted(self, record: Record) -> Record | Reject:
        values = [found[2] if (found := _QUOTED.match(value or "")) else value for value in record.fields]
        for at, value in enumerate(values):
            if value and value == record.fields[at] and value.startswith(("'", '"')):
                return self.checker.reject(record, at, FieldError(1214, "Delimiter not found"))
        return dataclasses.replace(record, fields=values)

    def prepared(self, piece: bytes) -> tuple[bytes, str, str | None] | None:  # noqa: ARG002
        """Leave it to the rows: Arrow has no fixed widths."""
        return None
