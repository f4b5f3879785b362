"""awswrangler: copy, upsert, overwrite, unload, and rows by to_sql and read_sql_query."""

import os

import awswrangler as wr
import pandas as pd
import redshift_connector
from steps import step

place = {key: os.environ[f"PEER_{key.upper()}"] for key in ("host", "database", "user", "password")}
connection = redshift_connector.connect(**place, port=int(os.environ["PEER_PORT"]), ssl=False)
path = f"s3://{os.environ['PEER_BUCKET']}/awswrangler/"
role = {"iam_role": "arn:aws:iam::000000000000:role/reader"}
frame = pd.DataFrame(
    {"id": [1, 2], "name": ["a", "b"], "x": [1.5, 2.5], "on": pd.to_datetime(["2024-01-01", "2024-01-02"])}
)

with step("copy"):
    wr.redshift.copy(
        df=frame, path=f"{path}copy/", con=connection, schema="public", table="copied", mode="overwrite", **role
    )
with step("copy append"):
    wr.redshift.copy(
        df=frame, path=f"{path}append/", con=connection, schema="public", table="copied", mode="append", **role
    )
with step("copy upsert"):
    wr.redshift.copy(
        df=frame,
        path=f"{path}upsert/",
        con=connection,
        schema="public",
        table="copied",
        mode="upsert",
        primary_keys=["id"],
        **role,
    )
    assert len(wr.redshift.read_sql_query("SELECT * FROM public.copied", con=connection)) == 2
with step("to_sql"):
    wr.redshift.to_sql(df=frame, con=connection, schema="public", table="written", mode="overwrite")
with step("to_sql upsert"):
    wr.redshift.to_sql(df=frame, con=connection, schema="public", table="written", mode="upsert", primary_keys=["id"])
with step("read_sql_table"):
    assert len(wr.redshift.read_sql_table("written", con=connection, schema="public")) == 2
with step("unload"):
    found = wr.redshift.unload(sql="SELECT * FROM public.copied", path=f"{path}unload/", con=connection, **role)
    assert sorted(found["id"]) == [1, 2]
with step("unload_to_files"):
    wr.redshift.unload_to_files(
        sql="SELECT * FROM public.copied", path=f"{path}files/", con=connection, unload_format="CSV", **role
    )
