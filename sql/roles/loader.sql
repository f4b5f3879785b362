-- The tasks: they own lake and mng, and may create further schemas and temporary tables in this database only.
CREATE SCHEMA IF NOT EXISTS lake AUTHORIZATION lakeport_loader;
GRANT CREATE, TEMPORARY ON DATABASE {database} TO lakeport_loader;
ALTER SCHEMA mng OWNER TO lakeport_loader;
ALTER TABLE mng.files OWNER TO lakeport_loader;
ALTER TABLE mng.status_log OWNER TO lakeport_loader;
ALTER TABLE mng.load_errors OWNER TO lakeport_loader;
ALTER TABLE mng.task_errors OWNER TO lakeport_loader;
ALTER TABLE mng.alerts OWNER TO lakeport_loader;
