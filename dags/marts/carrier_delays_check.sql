-- Every flight is in the mart, under one airline.
SELECT COUNT(*), COALESCE(SUM(flights), 0), (SELECT COUNT(*) FROM lake.flights)
FROM mart.carrier_delays;
