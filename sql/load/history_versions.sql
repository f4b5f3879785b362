-- Each version ends where the next event of its key is; a new one that is equal to the version before it is none.
INSERT INTO {versions} ({key}, lakeport_at, lakeport_is_start, lakeport_is_new, lakeport_until)
SELECT {key}, lakeport_at, lakeport_is_start, lakeport_is_new,
       LEAD(lakeport_at) OVER (PARTITION BY {key} ORDER BY lakeport_at)
FROM (
    SELECT {key}, lakeport_at, lakeport_is_start, lakeport_is_new,
           CASE WHEN lakeport_is_new = 1 AND lakeport_is_start = 1 AND lakeport_was_start = 1 AND {is_same}
                THEN 1 ELSE 0 END AS lakeport_is_same
    FROM (
        SELECT {key}, {tracked}, lakeport_at, lakeport_is_start, lakeport_is_new,
               LAG(lakeport_is_start) OVER (PARTITION BY {key} ORDER BY lakeport_at) AS lakeport_was_start, {before}
        FROM {events}
    ) AS compared
) AS marked
WHERE lakeport_is_same = 0
