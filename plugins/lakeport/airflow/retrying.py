"""Which errors another try may be spared: the one place that decides it, for tasks and for what runs beside them."""

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

from lakeport.errors import AirflowUnavailable, LakeportError, RejectsNotReported
from lakeport.redshift.session import is_passing, is_wrong_password

_SERVER_ERROR = 500
# What AWS calls "slow down", and what the passing of time mends: botocore's own lists, retries/standard.py, and
# credentials that are being renewed.
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
    NoCredentialsError,  # of a machine whose role's credentials are not there yet
)
_QUERY_CANCELED = "57014"


def is_worth_a_retry(error: BaseException) -> bool:
    """Say whether the same work may succeed later, with nobody doing anything about it.

    Conflicts, lost connections, throttling and servers' own failures pass.  A wrong password does too: while a secret
    is being rotated, neither the old one nor the new one may fit for a moment.  Bad rows, missing rights, missing
    tables and wrong schemas stay what they are.  What is not known here is tried again.
    """
    if isinstance(error, LakeportError):
        return isinstance(error, AirflowUnavailable | RejectsNotReported)
    if isinstance(error, psycopg2.Error):
        return is_passing(error) or is_wrong_password(error) or error.pgcode == _QUERY_CANCELED
    if isinstance(error, ClientError):
        answer = error.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or answer.get("Error", {}).get("Code") in _PASSING_CODES
    if isinstance(error, BotoCoreError):
        return isinstance(error, _PASSING_AWS)
    return not isinstance(error, ImportError)
