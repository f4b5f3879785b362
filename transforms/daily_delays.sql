-- One row per day, airport and airline out of one row per flight.
SELECT
    CAST(year || '-' || month || '-' || day_of_month AS DATE) AS day,
    origin,
    carrier,
    COUNT(*) AS flights,
    COUNT(*) - COUNT(dep_time) AS cancelled,
    SUM(CASE WHEN dep_delay > 15 THEN 1 ELSE 0 END) AS late,
    AVG(CAST(dep_delay AS DECIMAL(8, 2))) AS mean_delay,
    MAX(dep_delay) AS worst_delay,
    MAX(%(key)s) AS source_file
FROM {stage}
GROUP BY year, month, day_of_month, origin, carrier
