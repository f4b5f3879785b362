-- _replaced_at is not listed: its default is the time of the transaction.
INSERT INTO {kept} ({columns})
SELECT {values}
FROM {tables}
WHERE {is_replaced}
