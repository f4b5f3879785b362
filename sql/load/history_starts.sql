-- The versions of the table, except those that an event of the file replaces.
INSERT INTO {events} ({key}, {tracked}, lakeport_at, lakeport_is_start, lakeport_is_new)
SELECT {key_of_table}, {tracked_of_table}, _valid_from, 1, 0
FROM {table} AS lakeport_here
JOIN {keys} ON {is_key}
WHERE NOT EXISTS (
    SELECT 1
    FROM {events} AS lakeport_there
    WHERE {is_same_key} AND lakeport_there.lakeport_at = lakeport_here._valid_from
)
