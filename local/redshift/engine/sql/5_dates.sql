-- Functions on dates and times.

CREATE OR REPLACE FUNCTION pg_catalog.next_day(moment timestamp, day text) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT moment::date + ((CASE
       WHEN lower(day) IN ('su', 'sun', 'sunday') THEN 0 WHEN lower(day) IN ('m', 'mo', 'mon', 'monday') THEN 1
       WHEN lower(day) IN ('tu', 'tues', 'tue', 'tuesday') THEN 2 WHEN lower(day) IN ('w', 'we', 'wed', 'wednesday') THEN 3
       WHEN lower(day) IN ('th', 'thu', 'thurs', 'thursday') THEN 4 WHEN lower(day) IN ('f', 'fr', 'fri', 'friday') THEN 5
       WHEN lower(day) IN ('sa', 'sat', 'saturday') THEN 6
       ELSE pg_internal.fail('invalid day of the week "' || day || '"')::integer END
       - extract(dow FROM moment)::integer + 6) % 7 + 1) $$;

-- The fraction assumes months of 31 days; equal days and last days count as whole months (MONTHS_BETWEEN).
CREATE OR REPLACE FUNCTION pg_catalog.months_between(a timestamp, b timestamp) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (extract(year FROM a) - extract(year FROM b)) * 12 + extract(month FROM a) - extract(month FROM b)
        + CASE WHEN extract(day FROM a) = extract(day FROM b)
                 OR (a::date = pg_catalog.last_day(a) AND b::date = pg_catalog.last_day(b)) THEN 0
               ELSE (extract(epoch FROM a - date_trunc('month', a)) - extract(epoch FROM b - date_trunc('month', b))) / 2678400 END $$;

-- Values out of range run over into the next unit unless the third argument is true (TO_DATE, TO_TIMESTAMP).
CREATE OR REPLACE FUNCTION pg_internal.parsed(value text, format text, is_strict boolean) RETURNS timestamp
LANGUAGE plpgsql STABLE AS $$
DECLARE
    pattern text := upper(format);
    parts text[];
    year integer; month integer; day integer; hour integer; minute integer; second numeric;
BEGIN
    IF is_strict THEN
        RETURN pg_catalog.to_timestamp(value, format)::timestamp;
    END IF;
    BEGIN
        RETURN pg_catalog.to_timestamp(value, format)::timestamp;
    EXCEPTION WHEN datetime_field_overflow THEN
        IF pattern !~ '^(YYYY|MM|DD|HH24|HH|MI|SS|[^A-Z0-9])*$' THEN
            RAISE;
        END IF;
    END;
    parts := regexp_match(value, '^' || regexp_replace(regexp_replace(regexp_replace(
        pattern, '[^A-Z0-9]+', '[^0-9]+', 'g'), 'YYYY', '([0-9]{4})'), 'HH24|HH|MI|SS|MM|DD', '([0-9]{1,2})', 'g'));
    FOR place IN 1 .. coalesce(cardinality(parts), 0) LOOP
        CASE (regexp_match(pattern, repeat('(?:YYYY|HH24|HH|MI|SS|MM|DD)[^A-Z0-9]*', place - 1) || '(YYYY|HH24|HH|MI|SS|MM|DD)'))[1]
            WHEN 'YYYY' THEN year := parts[place];
            WHEN 'MM' THEN month := parts[place];
            WHEN 'DD' THEN day := parts[place];
            WHEN 'HH24', 'HH' THEN hour := parts[place];
            WHEN 'MI' THEN minute := parts[place];
            ELSE second := parts[place];
        END CASE;
    END LOOP;
    RETURN make_timestamp(coalesce(year, 1), 1, 1, 0, 0, 0)
         + make_interval(months => coalesce(month, 1) - 1, days => coalesce(day, 1) - 1, hours => coalesce(hour, 0),
                         mins => coalesce(minute, 0), secs => coalesce(second, 0));
END $$;

CREATE OR REPLACE FUNCTION pg_internal.to_date(value text, format text, is_strict boolean DEFAULT false) RETURNS date
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_internal.parsed(value, format, is_strict)::date $$;

CREATE OR REPLACE FUNCTION pg_internal.to_timestamp(value text, format text, is_strict boolean DEFAULT false)
RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$ SELECT pg_internal.parsed(value, format, is_strict)::timestamptz $$;

CREATE OR REPLACE FUNCTION pg_internal.to_timestamp(value timestamp, format text, is_strict boolean DEFAULT false)
RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$ SELECT pg_internal.parsed(value::text, format, is_strict)::timestamptz $$;

-- Three-way comparisons: -1, 0 or 1.
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[
        ['date_cmp', 'date', 'date'], ['date_cmp_timestamp', 'date', 'timestamp'],
        ['date_cmp_timestamptz', 'date', 'timestamptz'], ['timestamp_cmp', 'timestamp', 'timestamp'],
        ['timestamp_cmp_date', 'timestamp', 'date'], ['timestamp_cmp_timestamptz', 'timestamp', 'timestamptz'],
        ['timestamptz_cmp', 'timestamptz', 'timestamptz'], ['timestamptz_cmp_date', 'timestamptz', 'date'],
        ['timestamptz_cmp_timestamp', 'timestamptz', 'timestamp'], ['interval_cmp', 'interval', 'interval']]
    LOOP
        IF NOT EXISTS (SELECT FROM pg_proc WHERE proname = pair[1] AND pronamespace = 'pg_catalog'::regnamespace) THEN
            EXECUTE format('CREATE FUNCTION pg_catalog.%I(a %s, b %s) RETURNS integer LANGUAGE sql STABLE STRICT AS'
                           ' $f$ SELECT CASE WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END $f$', pair[1], pair[2], pair[3]);
        END IF;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.date_part_year(day date) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT extract(year FROM day)::integer $$;

-- EXTRACT gives whole numbers, and of seconds, milliseconds and microseconds that part alone; DATE_PART gives
-- floating point, seconds with their fraction. Decade 201 is 2000 to 2009 (Date parts for date or timestamp functions).
DO $$
DECLARE
    kind text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['timestamp', 'timestamptz', 'date', 'time', 'timetz', 'interval'] LOOP
        EXECUTE format($f$
            CREATE OR REPLACE FUNCTION pg_internal.date_part(part text, moment %1$s) RETURNS %2$s
            LANGUAGE sql STABLE STRICT AS
            $b$ SELECT (CASE pg_internal.date_part_meant(part)
                    WHEN 'second' THEN floor(pg_catalog.date_part('second', moment))
                    WHEN 'millisecond' THEN floor(pg_catalog.date_part('microsecond', moment)::numeric %% 1000000 / 1000)
                    WHEN 'microsecond' THEN pg_catalog.date_part('microsecond', moment)::numeric %% 1000000
                    WHEN 'epoch' THEN floor(pg_catalog.date_part('epoch', moment))
                    WHEN 'decade' THEN pg_catalog.date_part('decade', moment) + 1
                    ELSE pg_catalog.date_part(pg_internal.date_part_meant(part), moment) END)::%2$s $b$ $f$,
            kind, CASE kind WHEN 'timestamptz' THEN 'double precision' ELSE 'bigint' END);
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION pg_internal.pgdate_part(part text, moment %1$s) RETURNS double precision'
            ' LANGUAGE sql STABLE STRICT AS $b$ SELECT CASE WHEN pg_internal.date_part_meant(part) IN'
            ' (''decade'', ''millisecond'', ''microsecond'') THEN pg_internal.date_part(part, moment)::double precision'
            ' ELSE pg_catalog.date_part(pg_internal.date_part_meant(part), moment) END $b$', kind);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_internal.date_part(part text, moment text) RETURNS bigint LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_internal.date_part(part, moment::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_internal.pgdate_part(part text, moment text) RETURNS double precision LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_internal.pgdate_part(part, moment::timestamp) $$;

-- A literal is of neither type, and means a timestamp.
CREATE OR REPLACE FUNCTION pg_catalog.months_between(a timestamptz, b timestamptz) RETURNS double precision
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.months_between(a::timestamp, b::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.months_between(a text, b text) RETURNS double precision
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.months_between(a::timestamp, b::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.months_between(a date, b date) RETURNS double precision
LANGUAGE sql STABLE STRICT AS $$ SELECT pg_catalog.months_between(a::timestamp, b::timestamp) $$;
CREATE OR REPLACE FUNCTION pg_catalog.next_day(day date, name text) RETURNS date LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.next_day(day::timestamp, name) $$;
CREATE OR REPLACE FUNCTION pg_catalog.next_day(moment text, name text) RETURNS date LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_catalog.next_day(moment::timestamp, name) $$;
