-- Functions Redshift has and PostgreSQL lacks. They live in pg_catalog, as there.

-- Raises an error where an expression must have a value.
CREATE OR REPLACE FUNCTION pg_internal.fail(message text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = 'data_exception';
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_id() RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('lakeport.copy_id', true), '')::integer, -1) $$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('lakeport.copy_count', true), '')::bigint, 0) $$;

-- The stand-in numbers its loads and nothing else, so the last query with a number is the last load.
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_query_id() RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT pg_catalog.pg_last_copy_id() $$;

CREATE OR REPLACE FUNCTION pg_catalog.last_user_query_id() RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT pg_catalog.pg_last_copy_id() $$;

-- Both are in the time zone of the session, which is UTC unless a client or a user has another one.
CREATE OR REPLACE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT date_trunc('second', statement_timestamp()::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
$$ SELECT transaction_timestamp()::timestamp $$;

CREATE OR REPLACE FUNCTION pg_catalog.len(value text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT length(value) $$;

-- What version() answers: drivers and tools tell Redshift by it.
CREATE OR REPLACE FUNCTION pg_internal.version() RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT 'PostgreSQL 8.0.2 on x86_64-pc-linux-gnu, compiled by GCC, Redshift 1.0.0 (local stand-in)'::text $$;

-- One letter or word for each part of a date, as DATEADD and DATEDIFF take them.
CREATE OR REPLACE FUNCTION pg_internal.date_part_meant(part text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE
    WHEN lower(part) IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
    WHEN lower(part) IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter'
    WHEN lower(part) IN ('month', 'months', 'mon', 'mons') THEN 'month'
    WHEN lower(part) IN ('dow', 'dayofweek', 'dw', 'weekday') THEN 'dow'
    WHEN lower(part) IN ('doy', 'dayofyear', 'dy', 'yearday') THEN 'doy'
    WHEN lower(part) IN ('week', 'weeks', 'w') THEN 'week'
    WHEN lower(part) IN ('day', 'days', 'd') THEN 'day'
    WHEN lower(part) IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour'
    WHEN lower(part) IN ('minute', 'minutes', 'm', 'min', 'mins') THEN 'minute'
    WHEN lower(part) IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
    WHEN lower(part) IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds', 'millisec', 'millisecs', 'millisecon') THEN 'millisecond'
    WHEN lower(part) IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds', 'microsec', 'microsecs', 'microsecon') THEN 'microsecond'
    WHEN lower(part) IN ('decade', 'decades', 'dec', 'decs') THEN 'decade'
    WHEN lower(part) IN ('century', 'centuries', 'c', 'cent', 'cents') THEN 'century'
    WHEN lower(part) IN ('millennium', 'millennia', 'mil', 'mils') THEN 'millennium'
    ELSE part END $$;

CREATE OR REPLACE FUNCTION pg_internal.one(part text) RETURNS interval LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE pg_internal.date_part_meant(part)
    WHEN 'quarter' THEN interval '3 months'
    ELSE ('1 ' || pg_internal.date_part_meant(part))::interval END $$;

CREATE OR REPLACE FUNCTION pg_internal.date_add(part text, count bigint, moment timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT moment + count * pg_internal.one(part)
     + CASE WHEN to_char(moment, 'MMDD') = '0229' AND pg_internal.date_part_meant(part) = 'year'
             AND to_char(moment + count * pg_internal.one(part), 'MMDD') = '0228' THEN interval '1 day' ELSE interval '0' END $$;

-- DATEDIFF counts the boundaries between two moments, not the time that passed.
CREATE OR REPLACE FUNCTION pg_internal.date_diff(part text, a timestamp, b timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE pg_internal.date_part_meant(part)
    WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
    WHEN 'quarter' THEN (extract(year FROM b) * 4 + extract(quarter FROM b))
                      - (extract(year FROM a) * 4 + extract(quarter FROM a))
    WHEN 'month' THEN (extract(year FROM b) * 12 + extract(month FROM b))
                    - (extract(year FROM a) * 12 + extract(month FROM a))
    WHEN 'week' THEN (date_trunc('week', b)::date - date_trunc('week', a)::date) / 7
    WHEN 'day' THEN b::date - a::date
    WHEN 'hour' THEN extract(epoch FROM date_trunc('hour', b) - date_trunc('hour', a)) / 3600
    WHEN 'minute' THEN extract(epoch FROM date_trunc('minute', b) - date_trunc('minute', a)) / 60
    WHEN 'second' THEN extract(epoch FROM date_trunc('second', b) - date_trunc('second', a))
    WHEN 'millisecond' THEN extract(epoch FROM date_trunc('milliseconds', b) - date_trunc('milliseconds', a)) * 1000
    WHEN 'microsecond' THEN extract(epoch FROM b - a) * 1000000
    ELSE date_part(pg_internal.date_part_meant(part), b) - date_part(pg_internal.date_part_meant(part), a)
    END::bigint $$;

-- One function for each type; that on text is for literals, which would otherwise be taken for TIMESTAMPTZ.
CREATE OR REPLACE FUNCTION pg_internal.date_add(part text, count bigint, moment date) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_internal.date_add(part, count, moment::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_add(part text, count bigint, moment text) RETURNS timestamp
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_internal.date_add(part, count, moment::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_add(part text, count bigint, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE STRICT AS $$ SELECT moment + count * pg_internal.one(part) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_add(part text, count bigint, moment time) RETURNS time
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT moment + count * pg_internal.one(part) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_add(part text, count bigint, moment timetz) RETURNS timetz
LANGUAGE sql STABLE STRICT AS $$ SELECT (moment + count * pg_internal.one(part)) AT TIME ZONE 'UTC' $$;

CREATE OR REPLACE FUNCTION pg_internal.date_diff(part text, a timetz, b timetz) RETURNS bigint LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_internal.date_diff(part, (a AT TIME ZONE 'UTC')::time, (b AT TIME ZONE 'UTC')::time) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_diff(part text, a date, b date) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_internal.date_diff(part, a::timestamp, b::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_diff(part text, a text, b text) RETURNS bigint
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_internal.date_diff(part, a::timestamp, b::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_internal.date_diff(part text, a timestamptz, b timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_internal.date_diff(part, a AT TIME ZONE 'UTC', b AT TIME ZONE 'UTC') $$;

CREATE OR REPLACE FUNCTION pg_internal.date_diff(part text, a time, b time) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_internal.date_diff(part, date '2000-01-01' + a, date '2000-01-01' + b) $$;

-- STRTOL: base 2 to 36, 0x for 16, nothing is 0.
CREATE OR REPLACE FUNCTION pg_catalog.strtol(digits text, base integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    rest text := lower(trim(digits));
    is_negative boolean := rest LIKE '-%';
    value numeric := 0;
    digit integer;
BEGIN
    IF base NOT BETWEEN 2 AND 36 THEN
        RAISE EXCEPTION 'Invalid base % for STRTOL: it is 2 to 36', base;
    END IF;
    rest := ltrim(rest, '+-');
    IF base = 16 AND rest LIKE '0x%' THEN
        rest := substr(rest, 3);
    END IF;
    FOR place IN 1 .. length(rest) LOOP
        digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(rest, place, 1)) - 1;
        IF digit NOT BETWEEN 0 AND base - 1 THEN
            RAISE EXCEPTION 'The input % is not valid to be converted to base %', digits, base;
        END IF;
        value := value * base + digit;
    END LOOP;
    RETURN CASE WHEN is_negative THEN -value ELSE value END;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.json_typeof(document super) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(document) $$;

CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, moment timestamp) RETURNS timestamp
LANGUAGE sql STABLE STRICT AS $$ SELECT moment AT TIME ZONE 'UTC' AT TIME ZONE target $$;

CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(source text, target text, moment timestamp) RETURNS timestamp
LANGUAGE sql STABLE STRICT AS $$ SELECT moment AT TIME ZONE source AT TIME ZONE target $$;

CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, moment timestamptz) RETURNS timestamp
LANGUAGE sql STABLE STRICT AS $$ SELECT moment AT TIME ZONE target $$;

-- A literal is neither of the two types, and means the first.
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, moment text) RETURNS timestamp
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.convert_timezone(target, moment::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(part text, day date) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT date_trunc(part, day::timestamp) $$;

CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(part text, moment text) RETURNS timestamp LANGUAGE sql STABLE STRICT AS
$$ SELECT date_trunc(part, moment::timestamp) $$;

-- Whether a session setting that only Redshift has is on.
CREATE OR REPLACE FUNCTION pg_internal.is_on(name text) RETURNS boolean LANGUAGE sql STABLE STRICT AS
$$ SELECT coalesce(nullif(current_setting('redshift.' || name, true), '')::boolean, false) $$;

-- An attribute that is twice in an object is an error, unless a setting keeps the last (Parsing options for SUPER).
CREATE OR REPLACE FUNCTION pg_catalog.json_parse(document text) RETURNS super LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF document IS JSON WITH UNIQUE KEYS THEN
        RETURN pg_internal.document(document);
    ELSIF document IS JSON AND NOT pg_internal.is_on('json_parse_dedup_attributes') THEN
        RAISE EXCEPTION 'JSON parsing error' USING ERRCODE = 'data_exception', DETAIL = 'an attribute is twice in an object',
                        HINT = 'SET json_parse_dedup_attributes TO on keeps the last one';
    ELSIF document IS NOT JSON AND pg_internal.is_on('parse_super_null_on_error') THEN
        RETURN NULL;
    END IF;
    RETURN pg_internal.document(document);
END $$;

-- JSON without the blanks that PostgreSQL puts between its parts; those inside strings stay.
CREATE OR REPLACE FUNCTION pg_internal.compact(document super) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT regexp_replace(format('%s', document), E'("(?:[^"\\\\]|\\\\.)*")|([,:]) ', E'\\1\\2', 'g') $$;

CREATE OR REPLACE FUNCTION pg_internal.json_serialize(document super) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.compact(document) $$;

CREATE OR REPLACE FUNCTION pg_catalog.can_json_parse(document text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT document IS JSON $$;

CREATE OR REPLACE FUNCTION pg_catalog.is_valid_json(document text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT document IS JSON AND left(ltrim(document), 1) = '{' $$;

-- A path without a value returns NULL (JSON_EXTRACT_PATH_TEXT); invalid JSON is an error, unless the flag makes it NULL.
DROP FUNCTION IF EXISTS pg_catalog.json_extract_path_text(text, text[]);
CREATE OR REPLACE FUNCTION pg_internal.json_extract_path_text(null_if_invalid boolean, document text, VARIADIC path text[])
RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF document IS NULL OR (null_if_invalid AND document IS NOT JSON) THEN
        RETURN NULL;
    ELSIF document IS NOT JSON THEN
        RAISE EXCEPTION 'JSON parsing error' USING DETAIL = format('invalid json object %s', document);
    END IF;
    RETURN CASE WHEN jsonb_typeof(pg_internal.document(document) #> path) IN ('object', 'array')
                THEN pg_internal.compact(pg_internal.document(document) #> path) ELSE pg_internal.document(document) #>> path END;
END $$;

CREATE OR REPLACE FUNCTION pg_internal.json_extract_array_element_text(null_if_invalid boolean, document text, place integer)
RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_internal.json_extract_path_text(null_if_invalid, document, place::text) $$;

CREATE OR REPLACE FUNCTION pg_catalog.json_array_length(document text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF document IS NOT JSON OR jsonb_typeof(pg_internal.document(document)) <> 'array' THEN
        RAISE EXCEPTION 'JSON parsing error' USING DETAIL = format('invalid json array object %s', document);
    END IF;
    RETURN jsonb_array_length(pg_internal.document(document));
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.is_valid_json_array(document text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT document IS JSON AND left(ltrim(document), 1) = '[' $$;

CREATE OR REPLACE FUNCTION pg_catalog.get_array_length(elements super) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE jsonb_typeof(elements) WHEN 'array' THEN jsonb_array_length(elements) END $$;

-- SUPER is lax: unnesting anything but an array gives no rows, and a cast that fails gives NULL.
CREATE OR REPLACE FUNCTION pg_internal.super_elements(document super, OUT element super, OUT place bigint)
RETURNS SETOF record LANGUAGE sql IMMUTABLE AS
$$ SELECT value, ordinality - 1
     FROM jsonb_array_elements(CASE jsonb_typeof(document) WHEN 'array' THEN document ELSE pg_internal.document('[]') END) WITH ORDINALITY $$;

CREATE OR REPLACE FUNCTION pg_internal.super_text(document super) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN jsonb_typeof(document) NOT IN ('object', 'array') THEN document #>> '{}' END $$;

DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'bool', 'date', 'timestamp',
                                  'timestamptz', 'time']
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION pg_internal.super_as_%1$s(document super) RETURNS %1$s LANGUAGE plpgsql'
            ' STABLE STRICT AS $f$ BEGIN RETURN pg_internal.super_text(document)%2$s::%1$s;'
            ' EXCEPTION WHEN data_exception THEN IF pg_internal.is_on(''cast_super_null_on_error'') THEN RETURN NULL; END IF; RAISE; END $f$',
            target, CASE WHEN target LIKE 'int_' THEN '::numeric' ELSE '' END);
        UPDATE pg_cast SET castfunc = ('pg_internal.super_as_' || target || '(super)')::regprocedure
         WHERE castsource = 'super'::regtype AND casttarget = target::regtype;
        IF NOT FOUND THEN
            EXECUTE format('CREATE CAST (super AS %1$s) WITH FUNCTION pg_internal.super_as_%1$s(super)', target);
        END IF;
    END LOOP;
    -- A number is true unless it is 0; one with a fraction gives NULL.
    CREATE OR REPLACE FUNCTION pg_internal.super_as_bool(document super) RETURNS bool LANGUAGE plpgsql STABLE STRICT AS $f$
    BEGIN
        RETURN CASE WHEN jsonb_typeof(document) = 'number'
                    THEN CASE WHEN scale(document::numeric) = 0 THEN document::numeric <> 0 END
                    ELSE pg_internal.super_text(document)::bool END;
    EXCEPTION WHEN data_exception THEN
        IF pg_internal.is_on('cast_super_null_on_error') THEN
            RETURN NULL;
        END IF;
        RAISE;
    END $f$;
    FOREACH target IN ARRAY ARRAY['text', 'varchar', 'bpchar']
    LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_internal.super_as_%1$s(document super) RETURNS %1$s'
                       ' LANGUAGE sql IMMUTABLE STRICT AS $f$ SELECT pg_internal.super_text(document) $f$', target);
        IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = 'super'::regtype AND casttarget = target::regtype) THEN
            EXECUTE format('CREATE CAST (super AS %1$s) WITH FUNCTION pg_internal.super_as_%1$s(super)', target);
        END IF;
    END LOOP;
END $$;

-- LISTAGG leaves out NULL and empty strings, and has a limit.
CREATE OR REPLACE FUNCTION pg_internal.listagg_next(list text, element text, delimiter text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF element IS NULL OR element = '' THEN
        RETURN list;
    END IF;
    list := CASE WHEN list IS NULL THEN element ELSE list || coalesce(delimiter, '') || element END;
    IF octet_length(list) > 65535 THEN
        RAISE EXCEPTION 'Result size exceeds LISTAGG limit' USING ERRCODE = 'XX000',
              DETAIL = 'LISTAGG returns at most 65535 bytes';
    END IF;
    RETURN list;
END $$;

CREATE OR REPLACE AGGREGATE pg_internal.listagg(text, text) (
    SFUNC = pg_internal.listagg_next, STYPE = text);
DROP AGGREGATE IF EXISTS pg_internal.listagg(anyelement, text);

-- DISTINCT beside another order, or over a window: each value where it comes first.
CREATE OR REPLACE FUNCTION pg_internal.listagg_distinct_next(found text[], element text, delimiter text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN element IS NULL OR element = '' OR element = ANY (found[2:]) THEN found
               ELSE coalesce(found, ARRAY[coalesce(delimiter, '')]) || element END $$;
CREATE OR REPLACE FUNCTION pg_internal.listagg_distinct_last(found text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.listagg_next(NULL, array_to_string(found[2:], found[1]), '') $$;
CREATE OR REPLACE AGGREGATE pg_internal.listagg_distinct(text, text) (
    SFUNC = pg_internal.listagg_distinct_next, STYPE = text[], FINALFUNC = pg_internal.listagg_distinct_last);

-- MERGE ... REMOVE DUPLICATES: how often the target row was matched that was matched most.
CREATE OR REPLACE FUNCTION pg_internal.matches_once(matches bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF matches > 1 THEN
        RAISE EXCEPTION 'Found multiple matches to update the same tuple.' USING ERRCODE = 'XX000';
    END IF;
    RETURN true;
END $$;

-- Smaller ones.
CREATE OR REPLACE FUNCTION pg_catalog.charindex(part text, whole text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT strpos(whole, part) $$;

CREATE OR REPLACE FUNCTION pg_catalog.replicate(part text, times integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT repeat(part, times) $$;

CREATE OR REPLACE FUNCTION pg_catalog.trunc(moment timestamp) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT moment::date $$;

CREATE OR REPLACE FUNCTION pg_catalog.last_day(moment timestamp) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (date_trunc('month', moment) + interval '1 month - 1 day')::date $$;

-- The last day of a month stays the last day.
CREATE OR REPLACE FUNCTION pg_catalog.add_months(moment timestamp, months integer) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN moment::date = pg_catalog.last_day(moment)
               THEN pg_catalog.last_day(moment + make_interval(months => months)) + moment::time
               ELSE moment + make_interval(months => months) END $$;

CREATE OR REPLACE FUNCTION pg_catalog.sha2(value text, bits integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE bits WHEN 0 THEN encode(sha256(convert_to(value, 'UTF8')), 'hex') WHEN 224 THEN encode(sha224(convert_to(value, 'UTF8')), 'hex')
               WHEN 256 THEN encode(sha256(convert_to(value, 'UTF8')), 'hex') WHEN 384 THEN encode(sha384(convert_to(value, 'UTF8')), 'hex')
               WHEN 512 THEN encode(sha512(convert_to(value, 'UTF8')), 'hex') END $$;

-- A column's length counts bytes in Redshift and characters here, so every table gets a check beside the type;
-- so does a DECIMAL of 19 digits, which Redshift holds in 64 bits.
-- It changes a table by one statement: the trigger fires for that too, and then finds nothing left to do.
CREATE OR REPLACE FUNCTION pg_internal.limit_bytes() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    altered record;
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() JOIN pg_class c ON c.oid = objid AND c.relkind = 'r'
                WHERE classid = 'pg_class'::regclass AND NOT EXISTS (
                      SELECT FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)) THEN
        RAISE EXCEPTION 'A table must have at least one column' USING ERRCODE = 'feature_not_supported';
    END IF;
    FOR altered IN
        WITH changed AS (
            SELECT DISTINCT objid FROM pg_event_trigger_ddl_commands() WHERE classid = 'pg_class'::regclass
        ), wanted AS (
            SELECT a.attrelid,
                   format('lakeport_bytes_%s_%s_%s', CASE t.typname WHEN 'bpchar' THEN 'char' ELSE t.typname END,
                          a.atttypmod - 4, a.attnum) AS name,
                   CASE t.typname WHEN 'numeric'
                        THEN format('abs(%I) * 1e%s <= 9223372036854775807', a.attname, (a.atttypmod - 4) & 65535)
                        ELSE format('octet_length(%I) <= %s', a.attname, a.atttypmod - 4) END AS rule
              FROM changed
              JOIN pg_class c ON c.oid = changed.objid AND c.relkind = 'r'
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypmod > 4
              JOIN pg_type t ON t.oid = a.atttypid
               AND (t.typname IN ('varchar', 'bpchar') OR (t.typname = 'numeric' AND (a.atttypmod - 4) >> 16 = 19))
        ), present AS (
            SELECT k.conrelid, k.conkey[1] AS attnum, k.conname
              FROM changed
              JOIN pg_constraint k ON k.conrelid = changed.objid AND k.contype = 'c' AND starts_with(k.conname::text, 'lakeport_bytes_')
        ), actions AS (
            SELECT conrelid AS relation, 1 AS place, format('DROP CONSTRAINT %I', conname) AS action
              FROM present WHERE NOT EXISTS (SELECT FROM wanted WHERE (attrelid, name) = (conrelid, conname))
            UNION ALL
            SELECT attrelid, 2, format('ADD CONSTRAINT %I CHECK (%s)', name, rule)
              FROM wanted WHERE NOT EXISTS (SELECT FROM present WHERE (attrelid, name) = (conrelid, conname))
        )
        SELECT n.nspname, c.relname, string_agg(action, ', ' ORDER BY place) AS actions
          FROM actions JOIN pg_class c ON c.oid = relation JOIN pg_namespace n ON n.oid = c.relnamespace
         GROUP BY n.nspname, c.relname
    LOOP
        EXECUTE format('ALTER TABLE %I.%I %s', altered.nspname, altered.relname, altered.actions);
    END LOOP;
END $$;

DROP EVENT TRIGGER IF EXISTS lakeport_limit_bytes;
CREATE EVENT TRIGGER lakeport_limit_bytes ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE')
    EXECUTE FUNCTION pg_internal.limit_bytes();

-- A VARCHAR with a DEFAULT keeps its length; a new length must be a different one.
CREATE OR REPLACE FUNCTION pg_internal.check_new_length(relation regclass, name text, size int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = name AND atthasdef) THEN
        RAISE EXCEPTION 'cannot alter type of column "%": it has a default expression', name USING ERRCODE = '0A000';
    ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = name AND atttypmod = size + 4) THEN
        RAISE EXCEPTION 'cannot alter column "%" of relation "%", target column size should be different',
            name, relation USING ERRCODE = '0A000';
    END IF;
END $$;

-- ALTER TABLE ... APPEND: all rows change tables, and the source ends empty.
CREATE OR REPLACE PROCEDURE pg_internal.append_table(
    target regclass, source regclass, ignore_extra boolean, fill_target boolean) LANGUAGE plpgsql AS $$
DECLARE
    shared text;
    extra text;
    missing text;
    different text;
BEGIN
    IF source = target OR EXISTS (SELECT FROM pg_class WHERE oid IN (source, target) AND relpersistence = 't') THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND: source and target must be two permanent tables';
    ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid IN (source, target) AND attidentity = 'a') THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND: an IDENTITY column cannot be appended';
    ELSIF ignore_extra AND fill_target THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND: IGNOREEXTRA and FILLTARGET may not be used together';
    END IF;
    WITH a AS (SELECT * FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped),
         b AS (SELECT * FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped)
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE b.attname IS NOT NULL),
           string_agg(a.attname, ', ') FILTER (WHERE b.attname IS NULL),
           string_agg(b.attname, ', ') FILTER (WHERE a.attname IS NULL),
           string_agg(a.attname, ', ') FILTER (WHERE (a.atttypid, a.atttypmod, a.attnotnull)
                                                 IS DISTINCT FROM (b.atttypid, b.atttypmod, b.attnotnull)
                                                 AND b.attname IS NOT NULL AND a.attname IS NOT NULL)
      INTO shared, extra, missing, different
      FROM a FULL JOIN b ON a.attname = b.attname;
    IF different IS NOT NULL THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND: column(s) % differ between source and target', different;
    ELSIF extra IS NOT NULL AND NOT ignore_extra THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND: the source has more columns (%); use IGNOREEXTRA', extra;
    ELSIF missing IS NOT NULL AND NOT fill_target THEN
        RAISE EXCEPTION 'ALTER TABLE APPEND: the target has more columns (%); use FILLTARGET', missing;
    END IF;
    EXECUTE format('LOCK %s, %s', target, source);
    EXECUTE format('INSERT INTO %1$s (%3$s) SELECT %3$s FROM %2$s', target, source, shared);
    EXECUTE format('DELETE FROM %s', source);
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_last_unload_count() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('lakeport.unload_count', true), '')::bigint, 0) $$;

CREATE OR REPLACE FUNCTION pg_catalog.default_iam_role() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT 'arn:aws:iam::000000000000:role/default'::text $$;
