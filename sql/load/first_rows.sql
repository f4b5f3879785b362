SELECT *
FROM ({query}) AS offending
LIMIT {limit}
