"""What to do about the errors that Redshift, S3 and MWAA print when a deployment is not complete."""

from __future__ import annotations

import re

_RUNBOOK = "see docs/runbook.md"
# A pattern of the message, and the remedy; the first that matches counts.  The messages are those that users report.
_REMEDIES = (
    (
        r"Not authorized to get credentials of role|UnauthorizedException",
        "Redshift may not assume CopyRole: attach output CopyRoleArn to the namespace or the cluster, and let the "
        "role's trust policy name redshift.amazonaws.com and redshift-serverless.amazonaws.com without a condition",
    ),
    (
        r"(?i)default (iam )?role",
        "Redshift has no default IAM role: set output CopyRoleArn as the default role of the namespace or the cluster",
    ),
    (
        r"S3ServiceException:.*(AccessDenied|KMS)|requires full path of an S3 object",
        "CopyRole may not read the work or landing bucket: it needs s3:ListBucket, s3:GetObject and, for the bucket's "
        "KMS key, kms:Decrypt; deploy again, and name the key of a landing bucket of your own in the deployment's YAML",
    ),
    (
        r"S3CurlException|S3ServiceException:.*(Connection|timed out)",
        "Redshift cannot reach S3: with enhanced VPC routing, its subnets' route table needs the S3 endpoint",
    ),
    (
        r"root certificate file|certificate verify failed",
        "Redshift's certificate cannot be verified: remove sslrootcert from the secret, or name a file that has "
        "Amazon's root certificates",
    ),
    (
        r"password authentication failed",
        "run ./lakeport deploy --database --name NAME, which gives the database users the passwords of their secrets",
    ),
    (
        r"permission denied for (schema|relation|table|database|language)",
        "run ./lakeport deploy --database --name NAME, which grants the database users their permissions",
    ),
    (
        r"server closed the connection|SSL SYSCALL|connection (already closed|not open)|could not receive data",
        "the connection was lost: a firewall between Airflow and Redshift may drop idle connections; set "
        "keepalives_idle in the extra of connection lakeport_redshift below its limit",
    ),
    (
        r"(?i)(relation|schema) .?mng\b.* does not exist",
        "run ./lakeport deploy --database --name NAME, which creates the mng tables",
    ),
    (
        r"(?i)timeout expired|timed out|could not (connect|translate host)|no route to host|connection refused",
        "no connection: allow the security groups of Airflow and of the function on Redshift's port, and check the "
        "host of the secret and the VPC endpoints",
    ),
    (
        r"cancelled on user's request|canceling statement",
        "Redshift cancelled the statement: it was resuming, or it reached max_query_execution_time; check again",
    ),
    (
        r"\b1023\b|conflict with concurrent transaction|concurrent (update|transaction)",
        "another transaction wrote the same table at the same time; run the check again",
    ),
    (
        r"(?s)MWAA environment.*(AccessDenied|not authorized)",
        "the role may not call Airflow: it needs airflow:InvokeRestApi on role/NAME/User; deploy the stack again",
    ),
    (r"UnknownDag|refused .* 404", "Airflow does not have the DAG; look at its import errors"),
    (r"\b422\b", "Airflow did not accept the request; report this table, since the null logical_date may be lost"),
    (
        r"AccessDenied|Forbidden|not authorized to perform|403",
        "the role lacks a permission that the templates grant: deploy the stack again; the policies of your own "
        "buckets and keys must allow it too",
    ),
    (
        r"RejectsNotReported|RowsNotCounted",
        "files with rejected rows end as Fail until Redshift's views show them; report this table in an issue",
    ),
)


def remedy_for(message: str) -> str:
    """Return what to do about an error, by the words that AWS uses for it."""
    return next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, message)), _RUNBOOK)
