-- Functions on sessions, priorities and settings.

CREATE OR REPLACE FUNCTION pg_catalog.pg_timezone_abbrevs(OUT abbrev text, OUT utc_offset interval, OUT is_dst boolean)
RETURNS SETOF record LANGUAGE sql STABLE AS $$ SELECT * FROM pg_catalog.pg_timezone_abbrevs $$;

CREATE OR REPLACE FUNCTION pg_catalog.db_collation() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'case_sensitive'::text $$;

-- There are no queues here: a priority is checked and changes nothing.
CREATE OR REPLACE FUNCTION pg_internal.checked_priority(priority text, more text DEFAULT '') RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT CASE WHEN lower(priority) IN ('critical', 'highest', 'high', 'normal', 'low', 'lowest', more) THEN lower(priority)
               ELSE pg_internal.fail('invalid priority "' || priority || '": use critical, highest, high, normal, low or lowest') END $$;
CREATE OR REPLACE FUNCTION pg_catalog.change_session_priority(session integer, priority text) RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT 'Succeeded to change session priority. Changed session (pid:' || CASE session WHEN -1 THEN pg_backend_pid() ELSE session END
          || ') priority to ' || pg_internal.checked_priority(priority) || '.' $$;
CREATE OR REPLACE FUNCTION pg_catalog.change_query_priority(query integer, priority text) RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT 'Succeeded to change query priority. Priority changed from Normal to '
          || initcap(pg_internal.checked_priority(priority)) || '.' $$;
CREATE OR REPLACE FUNCTION pg_catalog.change_user_priority(person text, priority text) RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT 'Succeeded to change user priority. Changed user (' || person || ') priority to '
          || pg_internal.checked_priority(priority, 'reset') || '.' $$;

-- Functions that Redshift does not have: a call fails as it does there, and users' functions may have their names.
UPDATE pg_proc SET proname = 'postgresql_' || proname
 WHERE pronamespace = 'pg_catalog'::regnamespace
   AND (proname IN ('concat_ws', 'make_date', 'make_time', 'make_timestamptz', 'date_bin', 'justify_days', 'justify_hours',
                    'justify_interval', 'width_bucket', 'regexp_like', 'regexp_split_to_array', 'string_to_table', 'gcd', 'lcm',
                    'every', 'corr', 'covar_pop', 'covar_samp', 'bit_xor', 'json_object_agg', 'num_nulls', 'num_nonnulls',
                    'trim_scale', 'min_scale', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf', 'erfc',
                    'gamma', 'lgamma', 'unistr', 'date_subtract')
        OR proname LIKE 'regr\_%' OR proname LIKE 'txid\_%');
