{are_present} AND NOT EXISTS (
    SELECT 1
    FROM {other} AS {alias}
    WHERE {is_same}
)
