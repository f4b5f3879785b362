SELECT {key}, COUNT(*) AS lakeport_times
FROM {stage}
GROUP BY {key}
HAVING COUNT(*) > 1
ORDER BY COUNT(*) DESC, {key}
LIMIT 5
