-- As in SQL's CHECK constraints, a condition that is NULL passes.
SELECT {columns}
FROM {table}
WHERE _loaded_at = SYSDATE AND NOT ({condition})
