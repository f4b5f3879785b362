SELECT MAX({column}) AS newest
FROM {table}
WHERE {is_checked}
HAVING MAX({column}) IS NULL OR MAX({column}) < DATEADD(second, -{seconds}, SYSDATE)
