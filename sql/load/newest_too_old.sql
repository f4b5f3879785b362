SELECT MAX({column}) AS newest
FROM {table}
WHERE _loaded_at = SYSDATE
HAVING MAX({column}) IS NULL OR MAX({column}) < DATEADD(second, -{seconds}, SYSDATE)
