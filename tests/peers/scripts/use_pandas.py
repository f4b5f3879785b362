"""pandas with SQLAlchemy: write a table, append to it, read it back whole and by query."""

import os

import pandas as pd
import sqlalchemy as sa
from steps import step

place = {key: os.environ[f"PEER_{key.upper()}"] for key in ("host", "port", "database", "user", "password")}
engine = sa.create_engine(
    "redshift+psycopg2://{user}:{password}@{host}:{port}/{database}?sslmode=disable".format(**place)
)
frame = pd.DataFrame(
    {"id": [1, 2], "name": ["a", "b"], "at": pd.to_datetime(["2024-01-01", "2024-01-02"]), "x": [1.5, None]}
)

with step("to_sql"):
    frame.to_sql("frame", engine, index=False, if_exists="replace")
with step("to_sql append"):
    frame.to_sql("frame", engine, index=False, if_exists="append", method="multi")
with step("read_sql_table"):
    assert len(pd.read_sql_table("frame", engine)) == 4
with step("read_sql_query"):
    assert pd.read_sql_query("SELECT sum(id) AS s FROM frame", engine)["s"][0] == 6
with step("to_sql replace"):  # with index=True pandas sends CREATE INDEX, which Redshift refuses
    frame.assign(y=True).to_sql("frame", engine, index=False, if_exists="replace")
    assert list(pd.read_sql_table("frame", engine).columns) == ["id", "name", "at", "x", "y"]
