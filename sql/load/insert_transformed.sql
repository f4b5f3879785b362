-- The outer SELECT finds the columns of the transform's query by name.
INSERT INTO {made} ({columns})
SELECT {columns}
FROM (
{query}
) AS transformed
