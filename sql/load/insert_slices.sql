INSERT INTO {slices} ({columns})
SELECT DISTINCT {columns}
FROM {stage}
