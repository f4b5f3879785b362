-- _loaded_at is not listed: its default is the time of the transaction.
INSERT INTO {table} ({columns})
SELECT {columns}
FROM {stage}
