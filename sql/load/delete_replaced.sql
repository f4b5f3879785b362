DELETE FROM {table}
USING {stage}
WHERE {is_replaced}
