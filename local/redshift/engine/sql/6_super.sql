-- SUPER: constructors, functions on arrays and objects, type tests, comparisons with other types.

CREATE OR REPLACE FUNCTION pg_internal.array() RETURNS super LANGUAGE internal STABLE AS 'jsonb_build_array_noargs';
CREATE OR REPLACE FUNCTION pg_internal.array(VARIADIC "any") RETURNS super LANGUAGE internal STABLE AS 'jsonb_build_array';
CREATE OR REPLACE FUNCTION pg_internal.object() RETURNS super LANGUAGE internal STABLE AS 'jsonb_build_object_noargs';
CREATE OR REPLACE FUNCTION pg_internal.object(VARIADIC "any") RETURNS super LANGUAGE internal STABLE AS 'jsonb_build_object';

-- What ARRAY and OBJECT hold: any value but dates and times (Limitations).
DO $$
DECLARE
    kind text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['text', 'varchar', 'bpchar', 'bool', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'super'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_internal.member(value %s) RETURNS super LANGUAGE sql STABLE STRICT AS'
                       ' $f$ SELECT to_jsonb(value) $f$', kind);
    END LOOP;
    FOREACH kind IN ARRAY ARRAY['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'varbyte'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_internal.member(value %s) RETURNS super LANGUAGE sql STABLE AS'
                       ' $f$ SELECT to_jsonb(pg_internal.fail(%L)) $f$', kind,
                       'cannot cast type ' || format_type(kind::regtype, NULL) || ' to super');
    END LOOP;
END $$;

DROP FUNCTION IF EXISTS pg_internal.marked_columns(text);

-- A function on arrays gives NULL for what is none.
CREATE OR REPLACE FUNCTION pg_internal.elements(document super) RETURNS TABLE (value super, place bigint)
LANGUAGE sql IMMUTABLE AS
$$ SELECT * FROM jsonb_array_elements(CASE jsonb_typeof(document) WHEN 'array' THEN document ELSE pg_internal.document('[]') END) WITH ORDINALITY $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_concat(a super, b super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN jsonb_typeof(a) = 'array' AND jsonb_typeof(b) = 'array' THEN a || b END $$;

-- Arrays in arrays are unpacked at every level (Operators and functions).
CREATE OR REPLACE FUNCTION pg_catalog.array_flatten(list super) RETURNS super LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF jsonb_typeof(list) <> 'array' THEN
        RETURN NULL;
    END IF;
    WHILE EXISTS (SELECT FROM jsonb_array_elements(list) value WHERE jsonb_typeof(value) = 'array') LOOP
        list := (SELECT coalesce(jsonb_agg(part ORDER BY place, at) FILTER (WHERE part IS NOT NULL), pg_internal.document('[]'))
                   FROM pg_internal.elements(list) e (value, place)
                   LEFT JOIN LATERAL jsonb_array_elements(
                       CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE jsonb_build_array(value) END)
                       WITH ORDINALITY p (part, at) ON true);
    END LOOP;
    RETURN list;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.subarray(list super, start integer, size integer DEFAULT 2147483647)
RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN jsonb_typeof(list) = 'array' THEN (
       SELECT coalesce(jsonb_agg(value ORDER BY place), pg_internal.document('[]')) FROM pg_internal.elements(list)
        WHERE place > CASE WHEN start < 0 THEN jsonb_array_length(list) + start ELSE start END
          AND place <= CASE WHEN start < 0 THEN jsonb_array_length(list) + start ELSE start END + size::bigint) END $$;

CREATE OR REPLACE FUNCTION pg_catalog.split_to_array(value text, delimiter text DEFAULT ',') RETURNS super
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_jsonb(string_to_array(value, delimiter)) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_contains(list super, wanted anyelement) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT EXISTS (SELECT FROM pg_internal.elements(list) WHERE value = to_jsonb(wanted)) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_position(list super, wanted anyelement) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce((SELECT min(place) - 1 FROM pg_internal.elements(list) WHERE value = to_jsonb(wanted)), -1) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_positions(list super, wanted anyelement) RETURNS super
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce((SELECT jsonb_agg(place - 1 ORDER BY place) FROM pg_internal.elements(list) WHERE value = to_jsonb(wanted)), pg_internal.document('[]')) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_distinct(list super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce(jsonb_agg(value ORDER BY first), pg_internal.document('[]'))
     FROM (SELECT value, min(place) AS first FROM pg_internal.elements(list) GROUP BY value) distinct_values $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_sort(list super, ascends boolean DEFAULT true, nulls_come_first boolean DEFAULT true)
RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN ascends THEN coalesce(jsonb_agg(value ORDER BY value), pg_internal.document('[]')) ELSE coalesce(jsonb_agg(value ORDER BY value DESC), pg_internal.document('[]')) END
     FROM pg_internal.elements(list) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_union(a super, b super, is_distinct boolean DEFAULT false) RETURNS super
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN is_distinct THEN pg_catalog.array_distinct(a || b) ELSE a || b END $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_intersection(a super, b super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce(jsonb_agg(value ORDER BY place), pg_internal.document('[]')) FROM pg_internal.elements(a) WHERE value IN (SELECT value FROM pg_internal.elements(b)) $$;

CREATE OR REPLACE FUNCTION pg_catalog.array_except(a super, b super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce(jsonb_agg(value ORDER BY place), pg_internal.document('[]')) FROM pg_internal.elements(a) WHERE value NOT IN (SELECT value FROM pg_internal.elements(b)) $$;

CREATE OR REPLACE FUNCTION pg_catalog.arrays_overlap(a super, b super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT EXISTS (SELECT FROM pg_internal.elements(a) WHERE value IN (SELECT value FROM pg_internal.elements(b))) $$;

-- Members of an object, for UNPIVOT.
CREATE OR REPLACE FUNCTION pg_internal.super_members(document super, OUT element super, OUT name text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE AS
$$ SELECT value, key FROM jsonb_each(CASE jsonb_typeof(document) WHEN 'object' THEN document ELSE pg_internal.document('{}') END) $$;

-- What kind of value it is. A number without a fraction is the smallest integer type that holds it.
CREATE OR REPLACE FUNCTION pg_catalog.is_array(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) = 'array' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_object(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) = 'object' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_scalar(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) NOT IN ('object', 'array') $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_boolean(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) = 'boolean' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_varchar(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) = 'string' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_char(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) = 'string' $$;
CREATE OR REPLACE FUNCTION pg_internal.is_whole(value super, limit_ numeric) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN scale(value::numeric) = 0 AND value::numeric BETWEEN -limit_ - 1 AND limit_ ELSE false END $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_smallint(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.is_whole(value, 32767) $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_integer(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.is_whole(value, 2147483647) $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_bigint(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.is_whole(value, 9223372036854775807) $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_decimal(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_typeof(value) = 'number' $$;
CREATE OR REPLACE FUNCTION pg_catalog.is_float(value super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN scale(value::numeric) > 0 ELSE false END $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_size(value super) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT octet_length(pg_internal.json_serialize(value)) $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_serialize_to_varbyte(value super) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT convert_to(pg_internal.json_serialize(value), 'UTF8') $$;
CREATE OR REPLACE FUNCTION pg_catalog.json_parse(document varbyte) RETURNS super LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_catalog.json_parse(convert_from(document, 'UTF8')) $$;

CREATE OR REPLACE FUNCTION pg_catalog.lower_attribute_names(document super) RETURNS super LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CASE jsonb_typeof(document)
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(lower(key), pg_catalog.lower_attribute_names(value)), pg_internal.document('{}')) FROM jsonb_each(document))
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(pg_catalog.lower_attribute_names(value) ORDER BY place), pg_internal.document('[]')) FROM pg_internal.elements(document))
        ELSE document END;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.upper_attribute_names(document super) RETURNS super LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CASE jsonb_typeof(document)
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(upper(key), pg_catalog.upper_attribute_names(value)), pg_internal.document('{}')) FROM jsonb_each(document))
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(pg_catalog.upper_attribute_names(value) ORDER BY place), pg_internal.document('[]')) FROM pg_internal.elements(document))
        ELSE document END;
END $$;

-- A value becomes a SUPER of the same kind: text a JSON string.
DO $$
DECLARE
    kind text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['text', 'varchar', 'bpchar', 'bool', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_internal.%1$s_as_super(value %1$s) RETURNS super LANGUAGE sql STABLE STRICT'
                       ' AS $f$ SELECT to_jsonb(value) $f$', kind);
        IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = kind::regtype AND casttarget = 'super'::regtype) THEN
            EXECUTE format('CREATE CAST (%1$s AS super) WITH FUNCTION pg_internal.%1$s_as_super(%1$s) AS ASSIGNMENT', kind);
        END IF;
    END LOOP;
END $$;

-- Dates and times do not become a SUPER (Limitations).
DROP CAST IF EXISTS (date AS super);
DROP CAST IF EXISTS (timestamp AS super);

CREATE OR REPLACE FUNCTION pg_catalog.decimal_precision(value super) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN length(regexp_replace(abs(value::numeric)::text, E'^0*|\\.', '', 'g')) END $$;
CREATE OR REPLACE FUNCTION pg_catalog.decimal_scale(value super) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN scale(value::numeric) END $$;

-- OBJECT_TRANSFORM: what is kept of an object, then what is set in it. Paths are '"a"."b"'.
CREATE OR REPLACE FUNCTION pg_internal.object_path(path text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT array_agg(match[1]) FROM regexp_matches(path, '"([^"]*)"', 'g') match $$;
CREATE OR REPLACE FUNCTION pg_internal.set_in_object(document super, path text[], value super) RETURNS super
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    FOR depth IN 1 .. cardinality(path) - 1 LOOP
        IF coalesce(jsonb_typeof(document #> path[:depth]), '') <> 'object' THEN
            document := jsonb_set(document, path[:depth], pg_internal.document('{}'));
        END IF;
    END LOOP;
    RETURN jsonb_set(document, path, coalesce(value, pg_internal.document('null')));
END $$;
CREATE OR REPLACE FUNCTION pg_internal.object_transform(document super, kept text[], set_paths text[], set_values super)
RETURNS super LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result super := CASE WHEN cardinality(kept) > 0 THEN pg_internal.document('{}') ELSE document END;
    path text;
    number integer := 0;
BEGIN
    IF document IS NULL OR jsonb_typeof(document) <> 'object' THEN
        RETURN document;
    END IF;
    FOREACH path IN ARRAY kept LOOP
        IF document #> pg_internal.object_path(path) IS NOT NULL THEN
            result := pg_internal.set_in_object(result, pg_internal.object_path(path), document #> pg_internal.object_path(path));
        END IF;
    END LOOP;
    FOREACH path IN ARRAY set_paths LOOP
        result := pg_internal.set_in_object(result, pg_internal.object_path(path), set_values -> number);
        number := number + 1;
    END LOOP;
    RETURN result;
END $$;

-- SUPER compares with a number, boolean or string of the same kind; with any other it is NULL (Querying semistructured data).
DO $$
DECLARE
    kind text;
    symbol text;
    name text;
    place integer;
BEGIN
    FOREACH kind IN ARRAY ARRAY['bool', 'int4', 'int8', 'numeric', 'float8', 'text'] LOOP
        FOR place IN 1 .. 6 LOOP
            symbol := (ARRAY['=', '<>', '<', '<=', '>', '>='])[place];
            name := (ARRAY['eq', 'ne', 'lt', 'le', 'gt', 'ge'])[place];
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION pg_internal.super_%1$s(a super, b %2$s) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS'
                ' $f$ SELECT CASE WHEN jsonb_typeof(a) = jsonb_typeof(to_jsonb(b)) THEN a %3$s to_jsonb(b) END $f$', name, kind, symbol);
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION pg_internal.super_%1$s(a %2$s, b super) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS'
                ' $f$ SELECT CASE WHEN jsonb_typeof(b) = jsonb_typeof(to_jsonb(a)) THEN to_jsonb(a) %3$s b END $f$', name, kind, symbol);
            IF NOT EXISTS (SELECT FROM pg_operator WHERE oprname = symbol AND oprleft = 'super'::regtype AND oprright = kind::regtype) THEN
                EXECUTE format('CREATE OPERATOR pg_catalog.%s (FUNCTION = pg_internal.super_%s, LEFTARG = super, RIGHTARG = %s)', symbol, name, kind);
                EXECUTE format('CREATE OPERATOR pg_catalog.%s (FUNCTION = pg_internal.super_%s, LEFTARG = %s, RIGHTARG = super)', symbol, name, kind);
            END IF;
        END LOOP;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.json_array_length(document text, null_if_invalid boolean) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN NOT null_if_invalid OR pg_catalog.is_valid_json_array(document) THEN pg_catalog.json_array_length(document) END $$;

-- SUPER reckons with numbers, and is matched with patterns, by what it holds; anything else gives NULL.
CREATE OR REPLACE FUNCTION pg_internal.super_number(value super) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN value::numeric END $$;

DO $$
DECLARE
    symbol text;
    name text;
    kinds text[];
BEGIN
    FOR symbol, name IN VALUES ('+', 'plus'), ('-', 'minus'), ('*', 'times'), ('/', 'by') LOOP
        FOREACH kinds SLICE 1 IN ARRAY ARRAY[['super', 'super'], ['super', 'numeric'], ['numeric', 'super'], ['super', 'int4'],
                                             ['int4', 'super'], ['super', 'int8'], ['int8', 'super']] LOOP
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION pg_internal.super_%s(a %s, b %s) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS'
                ' $f$ SELECT to_jsonb(%s %s %s) $f$', name, kinds[1], kinds[2],
                CASE kinds[1] WHEN 'super' THEN 'pg_internal.super_number(a)' ELSE 'a' END, symbol,
                CASE kinds[2] WHEN 'super' THEN 'pg_internal.super_number(b)' ELSE 'b' END);
            UPDATE pg_operator SET oprcode = format('pg_internal.super_%s(%s,%s)', name, kinds[1], kinds[2])::regprocedure
             WHERE oprname = symbol AND oprleft = kinds[1]::regtype AND oprright = kinds[2]::regtype
               AND oprnamespace = 'pg_catalog'::regnamespace;
            IF NOT FOUND THEN
                EXECUTE format('CREATE OPERATOR pg_catalog.%s (FUNCTION = pg_internal.super_%s, LEFTARG = %s, RIGHTARG = %s)',
                               symbol, name, kinds[1], kinds[2]);
            END IF;
        END LOOP;
    END LOOP;
    FOR symbol, name IN VALUES ('~~', 'like'), ('!~~', 'unlike'), ('~~*', 'ilike'), ('!~~*', 'unilike') LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION pg_internal.super_%s(a super, b text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS'
            ' $f$ SELECT CASE jsonb_typeof(a) WHEN ''string'' THEN pg_internal.super_text(a) %s b END $f$', name, symbol);
        IF NOT EXISTS (SELECT FROM pg_operator WHERE oprname = symbol AND oprleft = 'super'::regtype AND oprright = 'text'::regtype) THEN
            EXECUTE format('CREATE OPERATOR pg_catalog.%s (FUNCTION = pg_internal.super_%s, LEFTARG = super, RIGHTARG = text)', symbol, name);
        END IF;
    END LOOP;
END $$;

-- SUM and AVG of SUPER add up the numbers and leave out other values.
CREATE OR REPLACE FUNCTION pg_internal.super_sum_next(state numeric, value super) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN coalesce(state, 0) + value::numeric ELSE state END $$;
CREATE OR REPLACE FUNCTION pg_internal.super_sum_last(state numeric) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT to_jsonb(state) $$;
CREATE OR REPLACE AGGREGATE pg_internal.sum(super) (
    SFUNC = pg_internal.super_sum_next, STYPE = numeric, FINALFUNC = pg_internal.super_sum_last);

CREATE OR REPLACE FUNCTION pg_internal.super_larger(a super, b super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN a >= b THEN a ELSE b END $$;
CREATE OR REPLACE FUNCTION pg_internal.super_smaller(a super, b super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN a <= b THEN a ELSE b END $$;
CREATE OR REPLACE AGGREGATE pg_catalog.max(super) (SFUNC = pg_internal.super_larger, STYPE = super);
CREATE OR REPLACE AGGREGATE pg_catalog.min(super) (SFUNC = pg_internal.super_smaller, STYPE = super);
