-- As with SQL's own CHECK, a condition that is NULL holds.
SELECT {columns}
FROM {table}
WHERE _loaded_at = SYSDATE AND NOT ({condition})
