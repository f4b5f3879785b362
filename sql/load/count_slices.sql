-- The rows of a table that a load replaces, slice by slice.
SELECT {columns}, COUNT(*) AS row_count
FROM {tables}
WHERE {is_replaced}
GROUP BY {columns}
ORDER BY {columns}
