DELETE FROM {kept}
WHERE _replaced_at = %(loaded_at)s
