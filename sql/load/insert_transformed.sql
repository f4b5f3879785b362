-- The transform's own query, whose columns are found by their names.
INSERT INTO {made} ({columns})
SELECT {columns}
FROM (
{query}
) AS transformed
