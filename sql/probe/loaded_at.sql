SELECT _loaded_at
FROM {table}
