-- The rows that a load replaced, and those of its rows that later loads replaced.
SELECT COALESCE(SUM(CASE WHEN _replaced_at = %(loaded_at)s THEN 1 ELSE 0 END), 0) AS rows_replaced,
       COALESCE(SUM(CASE WHEN _loaded_at = %(loaded_at)s THEN 1 ELSE 0 END), 0) AS own_rows
FROM {kept}
WHERE _replaced_at = %(loaded_at)s OR _loaded_at = %(loaded_at)s
