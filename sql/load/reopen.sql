-- The versions that a load has closed: undo restores them as they were.
DELETE FROM {table}
WHERE _closed_at = %(loaded_at)s
