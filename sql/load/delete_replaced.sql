DELETE FROM {table}
USING {stage}
WHERE {is_same_key}
