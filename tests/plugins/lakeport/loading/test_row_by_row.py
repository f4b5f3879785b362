"""Which SQL transforms may be applied to the rows of several files at once."""

from __future__ import annotations

import pytest

from lakeport.loading.row_by_row import is_row_by_row


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, city FROM {stage}",
        "select * from {stage} as s;",
        "-- a comment\nSELECT id, UPPER(TRIM(BOTH FROM city)) AS city, 'a SELECT (' AS note\nFROM {stage} s -- end\n",
        "SELECT CAST(price * 100 AS DECIMAL(8, 2)) AS price, CASE WHEN (id IN (1, 2)) THEN 1 END AS x FROM {stage}",
        'SELECT EXTRACT(year FROM day) AS year, "Group By" AS g, id % 2 AS odd FROM {stage}',
    ],
)
def test_expressions_of_single_rows_are(text: str) -> None:
    assert is_row_by_row(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(*) AS n FROM {stage}",
        'SELECT "count"(*) AS n FROM {stage}',
        "SELECT pg_catalog.max(id) AS id FROM {stage}",
        "SELECT my_function(id) AS id FROM {stage}",
        "SELECT DISTINCT id FROM {stage}",
        "SELECT(DISTINCT id) FROM {stage}",
        "SELECT TOP 1 id FROM {stage}",
        "SELECT id FROM {stage} WHERE id > 1",
        "SELECT id FROM {stage} LIMIT 1",
        "SELECT id FROM {stage} GROUP BY id",
        "SELECT id FROM {stage} UNION ALL SELECT id FROM {stage}",
        "SELECT s.id FROM {stage} s JOIN lake.airports a ON a.id = s.id",
        "SELECT s.id FROM lake.airports a, {stage} s",
        "SELECT id, (SELECT MAX(id) FROM {table}) AS most FROM {stage}",
        "SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM {stage}",
        "SELECT id, %(key)s AS source FROM {stage}",
        "WITH s AS (SELECT id FROM {stage}) SELECT id FROM s",
        "SELECT id FROM {table}",
        "SELECT id FROM lake.other",
        r"SELECT id, '\'' AS quote, ROW_NUMBER() OVER (ORDER BY id) AS n, '' AS note FROM {stage}",
        "SELECT id, $$'$$ AS quote, ROW_NUMBER() OVER (ORDER BY id) AS n, $$'$$ AS note FROM {stage}",
    ],
)
def test_queries_over_several_rows_or_facts_of_a_file_are_not(text: str) -> None:
    assert not is_row_by_row(text)
