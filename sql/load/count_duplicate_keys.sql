SELECT COUNT(*) AS row_count
FROM (
    SELECT {key}
    FROM {stage}
    GROUP BY {key}
    HAVING COUNT(*) > 1
) AS duplicates
