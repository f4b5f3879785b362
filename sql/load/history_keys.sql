INSERT INTO {keys} ({key})
SELECT DISTINCT {key}
FROM {events}
