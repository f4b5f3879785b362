-- SYSDATE is the time of the transaction; only the rows of this load have it in _loaded_at.
SELECT COUNT(*) AS row_count
FROM {table}
WHERE _loaded_at = SYSDATE
