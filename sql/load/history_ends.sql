-- The ends of versions that no other version follows at once.
INSERT INTO {events} ({key}, lakeport_at, lakeport_is_start, lakeport_is_new)
SELECT {key_of_table}, _valid_to, 0, 0
FROM {table} AS lakeport_here
JOIN {keys} ON {is_key}
WHERE _valid_to IS NOT NULL AND NOT EXISTS (
    SELECT 1
    FROM {events} AS lakeport_there
    WHERE {is_same_key} AND lakeport_there.lakeport_at = lakeport_here._valid_to
)
