-- Redshift's views on loads. Every start creates them again; a user can read the rows of the loads that they ran.

SET LOCAL allow_system_table_mods = on;  -- Redshift has them in pg_catalog, where every search path finds them

DROP VIEW IF EXISTS
    pg_catalog.stl_load_errors, pg_catalog.stl_loaderror_detail, pg_catalog.stl_load_commits, pg_catalog.stl_file_scan,
    pg_catalog.sys_load_error_detail, pg_catalog.sys_load_history, pg_catalog.sys_load_detail,
    pg_catalog.stl_replacements, pg_catalog.sys_copy_replacements, pg_catalog.stv_db_isolation_level;

CREATE VIEW pg_catalog.stl_load_errors AS
SELECT load.user_id AS userid, 0 AS slice, load.table_id AS tbl, load.started_at AS starttime,
       load.session_id AS session, load.query_id AS query, left(error.file_name, 256)::char(256) AS filename,
       error.line_number, left(error.column_name, 127)::char(127) AS colname,
       left(error.column_type, 10)::char(10) AS type, left(error.column_length, 10)::char(10) AS col_length,
       error.position AS "position", left(error.raw_line, 1024)::char(1024) AS raw_line,
       left(error.raw_value, 1024)::char(1024) AS raw_field_value, error.code AS err_code,
       left(error.reason, 100)::char(100) AS err_reason, 0 AS is_partial, 0::bigint AS start_offset,
       0::bigint AS copy_job_id
  FROM pg_internal.seen_errors error
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.stl_loaderror_detail AS
SELECT load.user_id AS userid, 0 AS slice, load.session_id AS session, load.query_id AS query,
       left(error.file_name, 256)::char(256) AS filename, error.line_number, (field.number - 1)::integer AS field,
       left(field.value ->> 'column', 1024)::char(1024) AS colname,
       left(coalesce(field.value ->> 'value', ''), 1024)::char(1024) AS value,
       (field.value ->> 'value' IS NULL)::integer AS is_null,
       left(field.value ->> 'type', 10)::char(10) AS type, left(field.value ->> 'length', 10)::char(10) AS col_length
  FROM pg_internal.seen_errors error
  JOIN pg_internal.seen_loads load USING (query_id)  -- up to 20 errors a slice, and there is one
 CROSS JOIN LATERAL jsonb_array_elements(error.fields) WITH ORDINALITY AS field (value, number)
 WHERE error.number <= 20;

CREATE VIEW pg_catalog.stl_load_commits AS
SELECT load.user_id AS userid, load.query_id AS query, 0 AS slice, left(file.file_name, 256)::char(256) AS name,
       left(file.file_name, 256)::char(256) AS filename, 0 AS byte_offset, file.lines_scanned::integer AS lines_scanned,
       file.error_count::integer AS errors, file.ended_at AS curtime, 1 AS status,
       CASE load.file_format WHEN 'json' THEN 'JSON' WHEN 'parquet' THEN 'Parquet' WHEN 'avro' THEN 'Avro'
            WHEN 'orc' THEN 'ORC' ELSE 'Text' END::char(16) AS file_format,
       0 AS is_partial, 0::bigint AS start_offset, 0::bigint AS copy_job_id
  FROM pg_internal.seen_files file
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.stl_file_scan AS
SELECT load.user_id AS userid, load.query_id AS query, 0 AS slice, left(file.file_name, 90)::char(90) AS name,
       file.lines_scanned AS lines, file.file_bytes AS bytes,
       (extract(epoch FROM file.ended_at - file.started_at) * 1000000)::bigint AS loadtime, file.ended_at AS curtime,
       0 AS is_partial, 0::bigint AS start_offset
  FROM pg_internal.seen_files file
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.sys_load_error_detail AS
SELECT load.user_id, load.query_id + pg_internal.id_offset() AS query_id, load.transaction_id, load.session_id,
       load.database_name::char(64) AS database_name, load.table_id, load.started_at AS start_time,
       left(error.file_name, 256)::char(256) AS file_name, error.line_number,
       left(error.column_name, 127)::char(127) AS column_name, left(error.column_type, 10)::char(10) AS column_type,
       left(error.column_length, 10)::char(10) AS column_length, error.position AS "position",
       error.code AS error_code, left(error.reason, 512)::char(512) AS error_message
  FROM pg_internal.seen_errors error
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.sys_load_history AS
SELECT user_id, query_id + pg_internal.id_offset() AS query_id, transaction_id, session_id, database_name, status, table_name,
       started_at AS start_time, ended_at AS end_time,
       (extract(epoch FROM coalesce(ended_at, clock_timestamp() AT TIME ZONE 'UTC') - started_at) * 1000000)::bigint
           AS duration,
       data_source, file_format, loaded_rows, loaded_bytes, source_file_count, source_file_bytes,
       (SELECT count(*)::integer FROM pg_internal.seen_files file WHERE file.query_id = load.query_id)
           AS file_count_scanned,
       (SELECT coalesce(sum(file_bytes), 0)::bigint FROM pg_internal.seen_files file
         WHERE file.query_id = load.query_id) AS file_bytes_scanned,
       error_count, 0::bigint AS copy_job_id
  FROM pg_internal.seen_loads load;

CREATE VIEW pg_catalog.sys_load_detail AS
SELECT load.user_id, load.query_id + pg_internal.id_offset() AS query_id, left(file.file_name, 256)::char(256) AS file_name,
       least(file.file_bytes, 2147483647)::integer AS bytes_scanned, file.lines_scanned::integer AS lines_scanned, file.ended_at AS record_time,
       1 AS splits_scanned, file.started_at AS start_time, file.ended_at AS end_time,
       left(file.etag, 256)::char(256) AS file_etag, file.modified_at AS file_last_modified
  FROM pg_internal.seen_files file
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.stl_replacements AS
SELECT load.user_id AS userid, load.query_id AS query, 0 AS slice, load.table_id AS tbl, load.started_at AS starttime,
       load.session_id AS session, left(replacement.file_name, 256)::char(256) AS filename, replacement.line_number,
       left(replacement.column_name, 127)::char(127) AS colname,
       left(replacement.raw_line, 1024)::char(1024) AS raw_line, load.query_id::bigint AS user_query_id
  FROM pg_internal.seen_replacements replacement
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.sys_copy_replacements AS
SELECT load.user_id, load.query_id + pg_internal.id_offset() AS query_id, load.table_id,
       left(replacement.file_name, 256)::char(256) AS file_name,
       left(replacement.column_name, 127)::char(127) AS column_name, replacement.line_number,
       left(replacement.raw_line, 1024)::char(1024) AS raw_line
  FROM pg_internal.seen_replacements replacement
  JOIN pg_internal.seen_loads load USING (query_id);

CREATE VIEW pg_catalog.stv_db_isolation_level AS
SELECT oid::integer AS db_id, datname::char(128) AS db_name,
       CASE current_setting('default_transaction_isolation') WHEN 'serializable' THEN 'Serializable'
            ELSE 'Snapshot Isolation' END::char(128) AS isolation_level
  FROM pg_database WHERE datname = current_database();


GRANT SELECT ON
    pg_catalog.stl_load_errors, pg_catalog.stl_loaderror_detail, pg_catalog.stl_load_commits, pg_catalog.stl_file_scan,
    pg_catalog.sys_load_error_detail, pg_catalog.sys_load_history, pg_catalog.sys_load_detail,
    pg_catalog.stl_replacements, pg_catalog.sys_copy_replacements, pg_catalog.stv_db_isolation_level TO PUBLIC;
