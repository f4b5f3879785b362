-- The Lambda function: it adds files that arrived and reads which it has added; it sees no row of the lake.
GRANT USAGE ON SCHEMA mng TO lakeport_registrar;
-- UPDATE is for LOCK, which PostgreSQL's rules want it for; no statement of the function updates.
GRANT SELECT, INSERT, UPDATE ON mng.files TO lakeport_registrar;
GRANT INSERT ON mng.status_log TO lakeport_registrar;
