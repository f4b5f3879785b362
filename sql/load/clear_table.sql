-- Not TRUNCATE: it commits the transaction it runs in, and readers would see an empty table while COPY runs.
DELETE FROM {table}
