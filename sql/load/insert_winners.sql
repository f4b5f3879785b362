-- DISTINCT merges rows that are equal in every column; a key with several rows left has no winner.
INSERT INTO {made} ({columns})
SELECT DISTINCT {columns}
FROM (
    SELECT {columns}, RANK() OVER (PARTITION BY {key} ORDER BY {by} {direction} NULLS LAST) AS lakeport_rank
    FROM {stage}
) AS ranked
WHERE lakeport_rank = 1
