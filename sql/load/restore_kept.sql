INSERT INTO {table} ({columns})
SELECT {columns}
FROM {kept}
WHERE _replaced_at = %(loaded_at)s
