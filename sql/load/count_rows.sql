-- SYSDATE is the transaction's time, which only the rows of this load carry.
SELECT COUNT(*)
FROM {table}
WHERE _loaded_at = SYSDATE
