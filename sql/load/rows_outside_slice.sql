SELECT {columns}, COUNT(*) AS lakeport_times
FROM {stage}, {slices}
WHERE CASE WHEN {is_same} THEN 0 ELSE 1 END = 1
GROUP BY {columns}
ORDER BY COUNT(*) DESC, {columns}
LIMIT 5
