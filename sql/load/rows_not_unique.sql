SELECT {columns}, COUNT(*) AS times
FROM {table}
WHERE _loaded_at = SYSDATE AND {are_present}
GROUP BY {columns}
HAVING COUNT(*) > 1
