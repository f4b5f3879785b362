SELECT COUNT(*) AS row_count
FROM {table}
WHERE _loaded_at = %(loaded_at)s
