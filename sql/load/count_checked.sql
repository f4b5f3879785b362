SELECT COUNT(*) AS row_count
FROM {table}
WHERE {is_checked}
