-- _loaded_at is not listed: its default is the time of the transaction.
INSERT INTO {table} ({columns}, _valid_from, _valid_to, _closed_at)
SELECT {values}, lakeport_at, lakeport_until, CASE WHEN lakeport_until IS NOT NULL THEN SYSDATE END
FROM {stage}
JOIN {versions} ON {is_same_key} AND {versions}.lakeport_at = {at}
WHERE lakeport_is_new = 1 AND lakeport_is_start = 1
