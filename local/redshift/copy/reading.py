"""Read the files of one COPY, in a separate thread: download, decompress, check, encode."""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from local.redshift.copy.columns import Target
from local.redshift.copy.decompression import Decompressed
from local.redshift.copy.encodings import Transcoded
from local.redshift.copy.formats.text import Stream
from local.redshift.copy.journal import MOST_ERRORS_KEPT, Entries, LoadError, LoadFile, LoadReplacement, now
from local.redshift.copy.options import Compression, CopyOptions
from local.redshift.copy.pipe import Closed, Pipe
from local.redshift.copy.readers import Reader, reader
from local.redshift.copy.rows import Reject, RowChecker
from local.redshift.copy.s3 import ObjectStore, S3Object
from local.redshift.copy.threads import ReadAhead
from local.redshift.protocol.errors import CopyError, FieldError, StandInError

log = logging.getLogger(__name__)

SPOOL_BYTES = 1 << 20
OTHER_SLICES = 3
"""When a load fails, so many further files may still report what is wrong at their start: they are read at once."""


class TooManyErrors(Exception):
    """The load has failed by its bad rows."""


class FileReading:
    """What has been read so far; the event loop looks at it once the thread has ended."""

    def __init__(self, store: ObjectStore, objects: Sequence[S3Object], target: Target, options: CopyOptions) -> None:
        self._store = store
        self._objects = objects
        self._options = options
        self._unfilled = target.unfilled
        self._checker = RowChecker(target.columns, options)
        self.query_id = 0
        self.files: list[LoadFile] = []
        self.errors: list[LoadError] = []
        self.replacements: list[LoadReplacement] = []
        self.error_count = 0
        self.encoded_bytes = 0

    @property
    def replacement_count(self) -> int:
        """Return in how many rows ACCEPTINVCHARS has replaced something."""
        return self._checker.replacement_count

    def entries(self) -> Entries:
        """Return what goes into the journal."""
        return {"load_files": self.files, "load_errors": self.errors, "load_replacements": self.replacements}

    def run(self, pipe: Pipe) -> None:
        """Read everything into the pipe; the thread's whole work."""
        try:
            self._check_filled()
            for each in self._objects:
                self._read(each, pipe)
        except Closed:
            return
        except TooManyErrors as error:
            self._look_at_other_slices()
            pipe.finish(error)
        except StandInError as error:
            pipe.finish(error)
        except Exception as error:
            log.exception("Reading failed")
            pipe.finish(CopyError(f"internal error of the stand-in: {error!r}"))
        else:
            pipe.finish()

    def _check_filled(self) -> None:
        """Fail, whatever MAXERROR says, where a NOT NULL column without DEFAULT is left out: no row can be stored."""
        if self._unfilled:
            reason = FieldError(1213, "Missing data for not-null field")
            reject = Reject(1, "", reason.code, reason.reason, self._unfilled)
            self._count_last(self._began(self._objects[0]), reject)

    def _read(self, each: S3Object, pipe: Pipe) -> None:
        file = self._began(each)
        found = self._reader(each, file, self._count)
        with contextlib.closing(each.body or self._store.open(each.location)) as body:
            try:
                with contextlib.closing(self._stream(each, body)) as stream:
                    for block in found.blocks(stream):
                        self.encoded_bytes += len(block)
                        pipe.check_open()
                        if block and not self._options.is_rehearsal:
                            pipe.put(block)
            except FieldError as error:  # of the file as a whole: the rest of it is left out
                self._count(file, Reject(found.lines_scanned + 1, "", error.code, error.reason))
            finally:
                file.lines_scanned = found.lines_scanned
                file.ended_at = now()
                self._take_replacements(file)

    def _take_replacements(self, file: LoadFile) -> None:
        for each in self._checker.replacements[len(self.replacements) :]:
            number = len(self.replacements) + 1
            self.replacements.append(LoadReplacement.of(each, self.query_id, number, file.file_name))

    def _look_at_other_slices(self) -> None:
        """Report the first bad row near the start of the files that come next."""
        for each in self._objects[len(self.files) :][:OTHER_SLICES]:
            file = self._began(each)
            found = self._reader(each, file, self._count_last)
            with (
                contextlib.suppress(TooManyErrors, Exception),
                contextlib.closing(self._store.open(each.location)) as body,
            ):
                next(found.blocks(self._stream(each, body)), None)

    def _began(self, each: S3Object) -> LoadFile:
        self.files.append(
            LoadFile(
                query_id=self.query_id,
                number=len(self.files) + 1,
                file_name=each.location.url,
                file_bytes=each.size_bytes,
                etag=each.etag,
                modified_at=each.modified_at.replace(tzinfo=None),
            )
        )
        return self.files[-1]

    def _reader(self, each: S3Object, file: LoadFile, count: "Counter") -> Reader:
        return reader(self._checker, lambda reject: count(file, reject), self._store, each.location)

    def _stream(self, each: S3Object, body: Stream) -> ReadAhead | BinaryIO:
        is_columnar = self._options.format.is_columnar
        compression = _by_extension(each.location.key) if is_columnar else self._options.compression
        stream = Decompressed(body, compression, each.location.url)
        if is_columnar:
            return _spooled(stream)
        is_utf8 = self._options.encoding == "UTF8"
        return ReadAhead(stream if is_utf8 else Transcoded(stream, self._options.encoding))

    def _count(self, file: LoadFile, reject: Reject) -> None:
        self._keep(file, reject)
        if self._options.error_limit is not None and self.error_count >= self._options.error_limit:
            raise TooManyErrors

    def _count_last(self, file: LoadFile, reject: Reject) -> None:
        self._keep(file, reject)
        raise TooManyErrors

    def _keep(self, file: LoadFile, reject: Reject) -> None:
        file.error_count += 1
        self.error_count += 1
        if len(self.errors) < MOST_ERRORS_KEPT:
            number = len(self.errors) + 1
            columns = self._checker.columns
            self.errors.append(LoadError.of(reject, self.query_id, number, file.file_name, columns))


Counter = Callable[[LoadFile, Reject], None]


def _by_extension(key: str) -> Compression | None:
    """Return how a columnar file is packed, which its name tells; `.snappy` is what the format itself does inside."""
    return {".gz": Compression.GZIP, ".bz2": Compression.BZIP2}.get(PurePosixPath(key).suffix)


def _spooled(stream: Stream) -> BinaryIO:
    """Put a file that must be seekable on disk; it vanishes with its last reader."""
    file = tempfile.TemporaryFile(prefix="lakeport-")  # noqa: SIM115 - the reader closes it by letting go
    while data := stream.read(SPOOL_BYTES):
        file.write(data)
    file.seek(0)
    return file
