-- Not TRUNCATE, which commits the transaction it runs in: readers would see an empty table while COPY is at work.
DELETE FROM {table}
