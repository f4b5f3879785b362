-- The statements that ran: written by the stand-in before a statement that reads one of these views.

CREATE TABLE IF NOT EXISTS pg_internal.statements (
    place         bigint GENERATED ALWAYS AS IDENTITY,
    query_id      integer NOT NULL,
    user_name     text NOT NULL,
    session_id    integer NOT NULL,
    text          text NOT NULL,
    kind          text NOT NULL,
    label         text NOT NULL,
    started_at    timestamp NOT NULL,
    ended_at      timestamp NOT NULL,
    error         text NOT NULL,
    returned_rows bigint NOT NULL
);
ALTER TABLE pg_internal.statements DROP CONSTRAINT IF EXISTS statements_pkey;
CREATE UNIQUE INDEX IF NOT EXISTS statements_key ON pg_internal.statements (place);

-- A user sees what they ran.
SELECT pg_internal.define('pg_internal.seen_statements', $v$
SELECT s.*, r.oid::integer AS user_id, (extract(epoch FROM s.ended_at - s.started_at) * 1000000)::bigint AS elapsed,
       (s.error <> '')::integer AS aborted,
       CASE WHEN s.kind IN ('SELECT', 'WITH', 'FETCH', 'SHOW') THEN 'SELECT'
            WHEN s.kind IN ('INSERT', 'UPDATE', 'DELETE', 'COPY', 'UNLOAD', 'MERGE') THEN s.kind
            WHEN s.kind = 'CREATE' AND s.text ~* '\mas\s+(select|with)\M' AND s.text ~* 'create\s+(temp\s+|temporary\s+)?table' THEN 'CTAS'
            WHEN s.kind IN ('CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'GRANT', 'REVOKE', 'COMMENT') THEN 'DDL'
            ELSE 'UTILITY' END AS query_type
  FROM pg_internal.statements s JOIN pg_roles r ON r.rolname = s.user_name
 WHERE s.user_name = current_user OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)$v$);

SELECT pg_internal.define('pg_internal.statement_parts', $v$
SELECT s.*, part.number AS sequence, substr(s.text, part.number * 200 + 1, 200)::char(200) AS part
  FROM pg_internal.seen_statements s, generate_series(0, greatest(length(s.text) - 1, 0) / 200) part (number)$v$);

SELECT pg_internal.define('pg_catalog.stl_query', $v$
SELECT user_id AS userid, query_id AS query, label::char(320) AS label, 0::bigint AS xid, session_id AS pid,
       current_database()::char(32) AS database, left(text, 4000)::char(4000) AS querytxt, started_at AS starttime, ended_at AS endtime,
       aborted, 0 AS insert_pristine, 0 AS concurrency_scaling_status
  FROM pg_internal.seen_statements WHERE query_type NOT IN ('DDL', 'UTILITY')$v$);
SELECT pg_internal.define('pg_catalog.stl_querytext', $v$
SELECT user_id AS userid, 0::bigint AS xid, session_id AS pid, query_id AS query, sequence, part AS text
  FROM pg_internal.statement_parts WHERE query_type NOT IN ('DDL', 'UTILITY')$v$);
SELECT pg_internal.define('pg_catalog.stl_ddltext', $v$
SELECT user_id AS userid, 0::bigint AS xid, session_id AS pid, label::char(320) AS label, started_at AS starttime, ended_at AS endtime,
       sequence, part AS text FROM pg_internal.statement_parts WHERE query_type IN ('DDL', 'CTAS')$v$);
SELECT pg_internal.define('pg_catalog.stl_utilitytext', $v$
SELECT user_id AS userid, 0::bigint AS xid, session_id AS pid, label::char(320) AS label, started_at AS starttime, ended_at AS endtime,
       sequence, part AS text FROM pg_internal.statement_parts WHERE query_type = 'UTILITY'$v$);
SELECT pg_internal.define('pg_catalog.svl_statementtext', $v$
SELECT user_id AS userid, 0::bigint AS xid, session_id AS pid, label::varchar(320) AS label, started_at AS starttime, ended_at AS endtime,
       sequence, CASE WHEN query_type IN ('DDL', 'UTILITY') THEN query_type ELSE 'QUERY' END::varchar(10) AS type, part AS text
  FROM pg_internal.statement_parts$v$);
SELECT pg_internal.define('pg_catalog.svl_qlog', $v$
SELECT user_id AS userid, query_id AS query, 0::bigint AS xid, session_id AS pid, started_at AS starttime, ended_at AS endtime, elapsed, aborted,
       label::char(320) AS label, left(text, 60)::char(60) AS substring, NULL::integer AS source_query,
       'Ran on the main cluster'::text AS concurrency_scaling_status_txt, 0 AS from_sp_call
  FROM pg_internal.seen_statements WHERE query_type NOT IN ('DDL', 'UTILITY')$v$);
SELECT pg_internal.define('pg_catalog.svl_qerror', $v$
SELECT user_id AS userid, query_id AS query, session_id AS pid, left(error, 512)::char(512) AS error
  FROM pg_internal.seen_statements WHERE error <> ''$v$);
SELECT pg_internal.define('pg_catalog.sys_query_history', $v$
SELECT user_id, query_id::bigint AS query_id, label::char(320) AS query_label, 0::bigint AS transaction_id, session_id,
       current_database()::char(128) AS database_name, query_type::varchar(32) AS query_type,
       CASE aborted WHEN 1 THEN 'failed' ELSE 'success' END::char(10) AS status, false AS result_cache_hit, started_at AS start_time,
       ended_at AS end_time, elapsed AS elapsed_time, 0::bigint AS queue_time, elapsed AS execution_time, left(error, 512)::char(512) AS error_message,
       returned_rows, 0::bigint AS returned_bytes, left(text, 4000)::char(4000) AS query_text, 'local stand-in'::char(256) AS redshift_version,
       NULL::char(150) AS usage_limit, 'primary'::varchar(50) AS compute_type, 0::bigint AS compile_time, 0::bigint AS planning_time,
       0::bigint AS lock_wait_time, 0 AS service_class_id, ''::char(64) AS service_class_name, 'Normal'::char(20) AS query_priority,
       'false'::char(10) AS short_query_accelerated, md5(text)::char(40) AS user_query_hash, md5(text)::char(40) AS generic_query_hash,
       1 AS query_hash_version, NULL::bigint AS result_cache_query_id
  FROM pg_internal.seen_statements$v$);
SELECT pg_internal.define('pg_catalog.sys_query_text', $v$
SELECT user_id, query_id::bigint AS query_id, 0::bigint AS transaction_id, session_id, started_at AS start_time, sequence, part AS text
  FROM pg_internal.statement_parts$v$);
SELECT pg_internal.define('pg_catalog.stl_sessions', $v$
SELECT user_id AS userid, min(started_at) AS starttime, max(ended_at) AS endtime, session_id AS process, user_name::char(50) AS user_name,
       current_database()::char(50) AS db_name FROM pg_internal.seen_statements GROUP BY user_id, session_id, user_name$v$);
