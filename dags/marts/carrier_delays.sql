-- One row per airline; all in one transaction, so that readers see the rows from before or from after it.
CREATE SCHEMA IF NOT EXISTS mart;
CREATE TABLE IF NOT EXISTS mart.carrier_delays (
    carrier CHAR(2) NOT NULL,
    airline VARCHAR(100) NOT NULL,
    flights BIGINT NOT NULL,
    late_flights BIGINT NOT NULL,
    late_percent DECIMAL(5, 1) NOT NULL,
    built_at TIMESTAMP DEFAULT SYSDATE
);
COMMENT ON TABLE mart.carrier_delays IS 'One row per airline: its flights, and those that left more than 15 minutes late';
DELETE FROM mart.carrier_delays;
INSERT INTO mart.carrier_delays (carrier, airline, flights, late_flights, late_percent)
SELECT f.carrier, a.name, COUNT(*), SUM(CASE WHEN f.dep_delay > 15 THEN 1 ELSE 0 END),
       ROUND(100.0 * SUM(CASE WHEN f.dep_delay > 15 THEN 1 ELSE 0 END) / COUNT(*), 1)
FROM lake.flights f
JOIN lake.airlines a ON a.carrier = f.carrier
GROUP BY f.carrier, a.name;
