"""The landing buckets that a deployment's YAML adds to the first one, each under its name in schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,29}[a-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+")
_ACCOUNT = re.compile(r"\d{12}")
_FORMS = {
    "bucket": (_BUCKET, "the name of a bucket"),
    "key": (_KEY, "the ARN of a KMS key, as in arn:aws:kms:eu-central-1:111122223333:key/1234abcd-..."),
    "account": (_ACCOUNT, "twelve digits in quotes"),
}
_RESERVED = ("default", "landing", "archive", "work", "code")


@dataclass(frozen=True)
class LandingBucket:
    """One landing bucket: an existing one, or one that the deployment creates."""

    name: str
    bucket: str | None = None
    """The existing bucket, None for one that the deployment creates."""
    key: str | None = None
    """ARN of the KMS key of the existing bucket, if it has its own."""
    account: str | None = None
    """The account of the existing bucket, if it is another one."""


def read(values: Any) -> tuple[LandingBucket, ...]:
    """Return the landing buckets of `landing_buckets` in a deployment's YAML; `problems` must have found nothing."""
    given = {name: _keys_of(value) for name, value in (values or {}).items()}
    return tuple(LandingBucket(name, **keys) for name, keys in sorted(given.items()))


def problems(values: Any) -> Iterator[str]:
    """Yield what is wrong with `landing_buckets`, each with its place and what is allowed."""
    if not isinstance(values or {}, dict):
        yield "landing_buckets: not a mapping; write landing_buckets: {partners: existing-bucket-or-nothing}"
        return
    for name, value in (values or {}).items():
        where = f"landing_buckets: {name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
            spelled = "up to 31 of a-z, 0-9 and -, beginning with a letter and not ending with -"
            yield f"{where}: not a valid name; use {spelled}, except {', '.join(_RESERVED)}"
        if not isinstance(value, str | dict | None):
            yield f"{where}: {value!r} is not valid; leave it empty to create a bucket, or name an existing one"
            continue
        keys = _keys_of(value)
        yield from (f"{where}: unknown key {key} (allowed: {', '.join(_FORMS)})" for key in keys if key not in _FORMS)
        for key, (form, meaning) in _FORMS.items():
            if key in keys and not (isinstance(keys[key], str) and form.fullmatch(keys[key])):
                yield f"{where}: {key}: {keys[key]!r} is not {meaning}"
        if keys and "bucket" not in keys:
            yield f"{where}: bucket is missing; key and account are only for an existing bucket"


def _keys_of(value: Any) -> dict[str, Any]:
    return {"bucket": value} if isinstance(value, str) else dict(value or {})
