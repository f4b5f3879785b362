DELETE FROM {kept}
WHERE _replaced_at < DATEADD(second, -{seconds}, SYSDATE)
