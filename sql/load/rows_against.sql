-- As in SQL's CHECK constraints, a condition that is NULL passes.
SELECT {columns}
FROM {table}
WHERE {is_checked} AND {is_against}
