-- Analysts: members of the group may read lake and mng, and change nothing.
GRANT USAGE ON SCHEMA lake TO GROUP lakeport_readers;
GRANT USAGE ON SCHEMA mng TO GROUP lakeport_readers;
GRANT SELECT ON ALL TABLES IN SCHEMA lake TO GROUP lakeport_readers;
GRANT SELECT ON ALL TABLES IN SCHEMA mng TO GROUP lakeport_readers;
ALTER DEFAULT PRIVILEGES FOR USER lakeport_loader IN SCHEMA lake GRANT SELECT ON TABLES TO GROUP lakeport_readers;
