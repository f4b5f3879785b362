-- _loaded_at is not listed: its default is the transaction's time.
INSERT INTO {table} ({columns})
SELECT {columns}
FROM {stage}
