-- The versions that begin by rows of the file; a row without a value in its tracked columns has NULL there.
INSERT INTO {events} ({key}, {tracked}, lakeport_at, lakeport_is_start, lakeport_is_new)
SELECT {key}, {tracked}, {at}, CASE WHEN {deletes} THEN 0 ELSE 1 END, 1
FROM {stage}
