-- The Lambda function: it registers files and reads which are registered; it cannot read lake.
GRANT USAGE ON SCHEMA mng TO lakeport_registrar;
-- LOCK requires UPDATE under PostgreSQL's rules; no statement of the function updates.
GRANT SELECT, INSERT, UPDATE ON mng.files TO lakeport_registrar;
GRANT INSERT ON mng.status_log TO lakeport_registrar;
