"""Which objects a COPY loads: those a manifest names, or all whose keys start with a prefix."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from local.redshift.copy.options import CopyOptions
from local.redshift.copy.s3 import Location, ObjectStore, S3Object
from local.redshift.copy.statement import CopyCommand
from local.redshift.protocol.errors import CopyError, detailed

MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True)
class _Entry:
    location: Location
    is_mandatory: bool
    content_length: int | None


def resolve(store: ObjectStore, command: CopyCommand) -> list[S3Object]:
    """Return the objects to load; raises CopyError when there is nothing, or something mandatory is missing."""
    source = Location.from_url(command.source)
    _check_region(store, source, command.options.region)
    return _listed(store, source, command.options) if command.options.is_manifest else _matching(store, source)


def _check_region(store: ObjectStore, source: Location, given: str | None) -> None:
    """A bucket in another region than the stand-in's needs REGION, which must name the bucket's own."""
    if store.region(source.bucket) != (given or store.own_region):
        message = "The bucket you are attempting to access must be addressed using the specified endpoint."
        message = f"S3ServiceException:{message} Please send all future requests to this endpoint."
        raise detailed(f"{message},Status 301,Error PermanentRedirect", code=8001, context=source.url)


def _matching(store: ObjectStore, prefix: Location) -> list[S3Object]:
    found = list(store.list(prefix))
    if not found:
        raise detailed(f"The specified S3 prefix '{prefix.key}' does not exist", code=8001)
    return found


def _listed(store: ObjectStore, manifest: Location, options: CopyOptions) -> list[S3Object]:
    found, entries = [], list(_entries(store, manifest))
    describe = store.begin if len(entries) == 1 else store.head  # many would keep a connection each
    for entry in entries:
        if options.format.is_columnar and entry.content_length is None:
            raise detailed("File entry does not have 'meta' key.", code=15003, context=entry.location.url)
        each = describe(entry.location)
        if each is None and entry.is_mandatory:
            context = f"Manifest file location = {manifest.url} url = {entry.location.url}"
            raise detailed("Mandatory url is not present in manifest file.", code=8001, context=context)
        if each is not None:
            _check_length(each, entry, options)
            found.append(each)
    if not found:
        raise detailed(f"None of the files in manifest '{manifest.url}' exists", code=8001)
    return found


def _check_length(found: S3Object, entry: _Entry, options: CopyOptions) -> None:
    if options.format.is_columnar and entry.content_length != found.size_bytes:
        message = "S3ServiceException:The requested range is not satisfiable,Status 416,Error InvalidRange"
        raise detailed(message, code=15001, context=f"{found.location.url} has {found.size_bytes} bytes")


def _entries(store: ObjectStore, manifest: Location) -> Iterator[_Entry]:
    for number, entry in enumerate(_document(store, manifest), 1):
        if not isinstance(entry, dict) or not isinstance(url := entry.get("url"), str):
            raise _invalid(manifest, f"entry {number} has no url")
        meta = entry.get("meta")
        length = meta.get("content_length") if isinstance(meta, dict) else None
        yield _Entry(Location.from_url(url), entry.get("mandatory") is True, length)


def _document(store: ObjectStore, manifest: Location) -> list[object]:
    try:
        text = store.open(manifest).read(MANIFEST_BYTES)
    except CopyError as error:
        if next(store.list(manifest), None):
            message = "COPY with MANIFEST parameter requires full path of an S3 object."
            raise detailed(message, code=8001, context=manifest.url) from None
        raise detailed(f"Problem reading manifest file - {error.message}", code=8001, context=manifest.url) from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(manifest, str(error)) from None
    entries = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise _invalid(manifest, "it has no list named entries")
    return entries


def _invalid(manifest: Location, why: str) -> CopyError:
    return detailed(f"Problem reading manifest file - Invalid manifest: {why}", code=8001, context=manifest.url)
