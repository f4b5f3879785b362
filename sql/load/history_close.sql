UPDATE {table}
SET _valid_to = {versions}.lakeport_until, _closed_at = SYSDATE
FROM {versions}
WHERE {is_replaced}
