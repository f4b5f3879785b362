-- The replaced rows of a load that is undone: no other undo may restore them.
DELETE FROM {kept}
WHERE _loaded_at = %(loaded_at)s
