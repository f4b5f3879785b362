-- Rows of the file that are in the table already.
DELETE FROM {events}
USING {table}
WHERE {is_same_key} AND {events}.lakeport_at = {table}._valid_from AND {events}.lakeport_is_start = 1 AND {is_same}
