"""Decide which errors of a task are worth a retry."""

from __future__ import annotations

import psycopg2
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
)

from lakeport.errors import AirflowUnavailable, CopyStopped, LakeportError, RejectsNotReported
from lakeport.redshift.session import is_passing, is_wrong_password

_SERVER_ERROR = 500
# Throttling and temporary errors as listed in botocore's retries/standard.py, and credentials that are being renewed.
_PASSING_CODES = {
    "BandwidthLimitExceeded",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "LimitExceededException",
    "OperationAborted",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_PASSING_AWS = (
    ChecksumError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,  # the role's credentials are not available yet
)
_QUERY_CANCELED = "57014"


def is_worth_a_retry(error: BaseException) -> bool:
    """Return whether the same work may succeed later without a change.

    Conflicts, lost connections, throttling and server errors are temporary.  So is a wrong password: while a secret is
    rotated, neither the old nor the new password may work for a moment.  Bad rows, missing permissions, missing tables
    and invalid schemas are permanent.  Unknown errors are retried.
    """
    if isinstance(error, LakeportError):
        return isinstance(error, AirflowUnavailable | CopyStopped | RejectsNotReported)
    if isinstance(error, psycopg2.Error):
        return is_passing(error) or is_wrong_password(error) or error.pgcode == _QUERY_CANCELED
    if isinstance(error, ClientError):
        answer = error.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or answer.get("Error", {}).get("Code") in _PASSING_CODES
    if isinstance(error, BotoCoreError):
        return isinstance(error, _PASSING_AWS)
    return not isinstance(error, ImportError)
