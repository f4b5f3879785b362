-- A snapshot ends the versions that were valid at its time and whose keys it lacks.
INSERT INTO {events} ({key}, lakeport_at, lakeport_is_start, lakeport_is_new)
SELECT {key}, {at}, 0, 1
FROM {table} AS lakeport_here
WHERE _valid_from <= {at} AND (_valid_to IS NULL OR _valid_to > {at})
  AND NOT EXISTS (SELECT 1 FROM {stage} AS lakeport_there WHERE {is_same_key})
