SELECT COUNT(*)
FROM ({query}) AS offending
