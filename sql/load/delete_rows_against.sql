DELETE FROM {table}
WHERE {is_checked} AND {is_against}
