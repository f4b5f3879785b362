"""dlt: a pipeline with staging in S3, as JSON lines and as Parquet, run twice; then merged."""

import os

import dlt
from dlt.destinations import filesystem, redshift
from steps import step

place = {key: os.environ[f"PEER_{key.upper()}"] for key in ("host", "database", "password")}
credentials = {
    **place,
    "username": os.environ["PEER_USER"],
    "port": int(os.environ["PEER_PORT"]),
    "connect_timeout": 15,
}
keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "endpoint_url": os.environ["PEER_ENDPOINT"]}
rows = [{"id": 1, "name": "a", "tags": [{"t": "x"}], "at": "2024-01-01T00:00:00Z"}, {"id": 2, "name": "b", "tags": []}]

for kind in ("jsonl", "parquet"):
    staging = filesystem(f"s3://{os.environ['PEER_BUCKET']}/dlt/{kind}", credentials=keys)
    target = redshift(credentials, staging_iam_role="arn:aws:iam::000000000000:role/reader")
    pipeline = dlt.pipeline(f"peers_{kind}", destination=target, staging=staging, dataset_name=f"dlt_{kind}")
    for turn in ("first", "second"):
        with step(f"{kind} {turn}"):
            pipeline.run(
                rows, table_name="things", write_disposition="append", loader_file_format=kind
            ).raise_on_failed_jobs()
    with step(f"{kind} merge"):
        pipeline.run(rows, table_name="merged", write_disposition="merge", primary_key="id", loader_file_format=kind)
        pipeline.run(rows, table_name="merged", write_disposition="merge", primary_key="id", loader_file_format=kind)
        with pipeline.sql_client() as client:
            assert client.execute_sql("SELECT count(*) FROM merged")[0][0] == 2
