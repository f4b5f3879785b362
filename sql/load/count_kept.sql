SELECT COUNT(*) AS row_count
FROM {kept}
WHERE _replaced_at = SYSDATE
