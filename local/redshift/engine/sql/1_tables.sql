-- What COPY writes down, outside the client's transaction. Only the views of pg_catalog are for clients.


CREATE SEQUENCE IF NOT EXISTS pg_internal.query_ids AS integer;
GRANT USAGE ON SEQUENCE pg_internal.query_ids TO PUBLIC;

CREATE TABLE IF NOT EXISTS pg_internal.loads (
    query_id          integer NOT NULL,
    user_id           integer NOT NULL,
    transaction_id    bigint NOT NULL,
    session_id        integer NOT NULL,
    database_name     text NOT NULL,
    table_id          integer NOT NULL,
    table_name        text NOT NULL,
    status            text NOT NULL,
    started_at        timestamp NOT NULL,
    ended_at          timestamp,
    data_source       text NOT NULL,
    file_format       text NOT NULL,
    loaded_rows       bigint NOT NULL,
    loaded_bytes      bigint NOT NULL,
    source_file_count integer NOT NULL,
    source_file_bytes bigint NOT NULL,
    error_count       bigint NOT NULL,
    message           text NOT NULL
);

-- Unique indexes without constraints, which lists of keys would show.
ALTER TABLE pg_internal.loads DROP CONSTRAINT IF EXISTS loads_pkey;
CREATE UNIQUE INDEX IF NOT EXISTS loads_key ON pg_internal.loads (query_id);

CREATE TABLE IF NOT EXISTS pg_internal.load_files (
    query_id      integer NOT NULL,
    number        integer NOT NULL,
    file_name     text NOT NULL,
    file_bytes    bigint NOT NULL,
    lines_scanned bigint NOT NULL,
    error_count   bigint NOT NULL,
    started_at    timestamp NOT NULL,
    ended_at      timestamp NOT NULL,
    etag          text NOT NULL,
    modified_at   timestamp NOT NULL
);

CREATE TABLE IF NOT EXISTS pg_internal.load_errors (
    query_id      integer NOT NULL,
    number        integer NOT NULL,
    file_name     text NOT NULL,
    line_number   bigint NOT NULL,
    column_name   text NOT NULL,
    column_type   text NOT NULL,
    column_length text NOT NULL,
    position      integer NOT NULL,
    raw_line      text NOT NULL,
    raw_value     text NOT NULL,
    code          integer NOT NULL,
    reason        text NOT NULL,
    fields        super NOT NULL
);

CREATE TABLE IF NOT EXISTS pg_internal.load_replacements (
    query_id    integer NOT NULL,
    number      integer NOT NULL,
    file_name   text NOT NULL,
    line_number bigint NOT NULL,
    column_name text NOT NULL,
    raw_line    text NOT NULL
);

ALTER TABLE pg_internal.load_files DROP CONSTRAINT IF EXISTS load_files_pkey;
ALTER TABLE pg_internal.load_errors DROP CONSTRAINT IF EXISTS load_errors_pkey;
ALTER TABLE pg_internal.load_replacements DROP CONSTRAINT IF EXISTS load_replacements_pkey;
CREATE UNIQUE INDEX IF NOT EXISTS load_files_key ON pg_internal.load_files (query_id, number);
CREATE UNIQUE INDEX IF NOT EXISTS load_errors_key ON pg_internal.load_errors (query_id, number);
CREATE UNIQUE INDEX IF NOT EXISTS load_replacements_key ON pg_internal.load_replacements (query_id, number);

-- A transaction that took its snapshot before its COPY ended cannot see the rows above.
-- So the stand-in leaves that transaction's own rows in its session, until it ends.
CREATE OR REPLACE FUNCTION pg_internal.unsettled(relation text) RETURNS super LANGUAGE sql STABLE AS
$$ SELECT coalesce(pg_internal.document(nullif(current_setting('lakeport.unsettled', true), '')) -> relation, pg_internal.document('[]')) $$;

-- What AWS leaves open is a setting of the database: how late the views are, how much their ids differ from
-- pg_last_copy_id(), and for which errors the line is unknown.
CREATE OR REPLACE FUNCTION pg_internal.views_late() RETURNS interval LANGUAGE sql STABLE AS
$$ SELECT make_interval(secs => coalesce(nullif(current_setting('lakeport.views_late_seconds', true), ''), '0')::float8) $$;

CREATE OR REPLACE FUNCTION pg_internal.id_offset() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('lakeport.id_offset', true), ''), '0')::bigint $$;

CREATE OR REPLACE FUNCTION pg_internal.shown_line(line bigint, lines_scanned bigint) RETURNS bigint
LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN current_setting('lakeport.unknown_lines', true) = 'all'
                 OR current_setting('lakeport.unknown_lines', true) = 'split' AND line > lines_scanned / 2
               THEN -1 ELSE line END $$;

CREATE OR REPLACE VIEW pg_internal.seen_loads AS
WITH own AS (
    SELECT load.* FROM jsonb_populate_recordset(NULL::pg_internal.loads, pg_internal.unsettled('loads')) load
), seen AS (
    SELECT * FROM pg_internal.loads WHERE query_id NOT IN (SELECT query_id FROM own)
    UNION ALL
    SELECT * FROM own
)
SELECT * FROM seen
 WHERE (user_id = (SELECT oid::integer FROM pg_roles WHERE rolname = current_user)
        OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
   AND coalesce(ended_at, started_at) + pg_internal.views_late() <= clock_timestamp() AT TIME ZONE 'UTC';

CREATE OR REPLACE VIEW pg_internal.seen_files AS
WITH own AS (
    SELECT file.* FROM jsonb_populate_recordset(NULL::pg_internal.load_files, pg_internal.unsettled('load_files')) file
)
SELECT * FROM pg_internal.load_files WHERE query_id NOT IN (SELECT query_id FROM own)
UNION ALL
SELECT * FROM own;

CREATE OR REPLACE VIEW pg_internal.seen_errors AS
WITH own AS (
    SELECT error.* FROM jsonb_populate_recordset(NULL::pg_internal.load_errors, pg_internal.unsettled('load_errors')) error
), seen AS (
    SELECT * FROM pg_internal.load_errors WHERE query_id NOT IN (SELECT query_id FROM own)
    UNION ALL
    SELECT * FROM own
)
SELECT query_id, number, file_name,
       pg_internal.shown_line(line_number, (SELECT lines_scanned FROM pg_internal.seen_files file
                                                   WHERE (file.query_id, file.file_name) = (seen.query_id, seen.file_name)
                                                   LIMIT 1)) AS line_number,
       column_name, column_type, column_length, position, raw_line, raw_value, code, reason, fields
  FROM seen;

CREATE OR REPLACE VIEW pg_internal.seen_replacements AS
WITH own AS (
    SELECT replacement.* FROM jsonb_populate_recordset(
        NULL::pg_internal.load_replacements, pg_internal.unsettled('load_replacements')) replacement
)
SELECT * FROM pg_internal.load_replacements WHERE query_id NOT IN (SELECT query_id FROM own)
UNION ALL
SELECT * FROM own;
