-- Versions of these keys that overlap another, or end before they begin.
SELECT DISTINCT {key}
FROM (
    SELECT {key_of_table}, _valid_from, _valid_to,
           LEAD(_valid_from) OVER (PARTITION BY {key_of_table} ORDER BY _valid_from) AS lakeport_next
    FROM {table} AS lakeport_here
    JOIN {keys} ON {is_key}
) AS versions
WHERE _valid_to <= _valid_from OR _valid_to > lakeport_next OR (_valid_to IS NULL AND lakeport_next IS NOT NULL)
LIMIT 5
