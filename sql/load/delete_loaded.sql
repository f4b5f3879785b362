DELETE FROM {table}
WHERE _loaded_at = %(loaded_at)s
