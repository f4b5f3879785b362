SELECT {columns}, COUNT(*) AS times
FROM {table}
WHERE {is_checked} AND {are_present}
GROUP BY {columns}
HAVING COUNT(*) > 1
