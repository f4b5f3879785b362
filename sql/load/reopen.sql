-- The versions that a load has closed; undo then inserts them with their former ends.
DELETE FROM {table}
WHERE _closed_at = %(loaded_at)s
