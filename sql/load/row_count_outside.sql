SELECT COUNT(*) AS loaded_rows
FROM {table}
WHERE _loaded_at = SYSDATE
HAVING COUNT(*) < {least} OR COUNT(*) > {most}
