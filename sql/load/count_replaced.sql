-- The rows of a table that a load replaces.
SELECT COUNT(*) AS row_count
FROM {tables}
WHERE {is_replaced}
