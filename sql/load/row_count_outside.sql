SELECT COUNT(*) AS loaded_rows
FROM {table}
WHERE {is_checked}
HAVING COUNT(*) < {least} OR COUNT(*) > {most}
