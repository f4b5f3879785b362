-- Aggregates whose result type or arguments differ.

-- SUM of integers is a BIGINT (SUM).
CREATE OR REPLACE AGGREGATE pg_internal.sum(int2) (SFUNC = int2_sum, STYPE = int8, COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE OR REPLACE AGGREGATE pg_internal.sum(int4) (SFUNC = int4_sum, STYPE = int8, COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE OR REPLACE AGGREGATE pg_internal.sum(int8) (SFUNC = int8pl, STYPE = int8, COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE OR REPLACE AGGREGATE pg_internal.sum(numeric) (
    SFUNC = numeric_avg_accum, STYPE = internal, FINALFUNC = numeric_sum, COMBINEFUNC = numeric_avg_combine,
    SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize, PARALLEL = SAFE);
CREATE OR REPLACE FUNCTION pg_internal.float_plus(sum float8, value real) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT sum + value $$;
CREATE OR REPLACE AGGREGATE pg_internal.sum(real) (SFUNC = pg_internal.float_plus, STYPE = float8, INITCOND = '0');
CREATE OR REPLACE AGGREGATE pg_internal.sum(float8) (SFUNC = float8pl, STYPE = float8, COMBINEFUNC = float8pl, PARALLEL = SAFE);
CREATE OR REPLACE AGGREGATE pg_internal.sum(interval) (SFUNC = interval_pl, STYPE = interval, COMBINEFUNC = interval_pl, PARALLEL = SAFE);

-- AVG of integers is a BIGINT, AVG of a DECIMAL keeps its scale (AVG). The second argument is one of the values.
CREATE OR REPLACE FUNCTION pg_internal.avg(mean numeric, one bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT trunc(mean)::bigint $$;
CREATE OR REPLACE FUNCTION pg_internal.avg(mean numeric, one integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT trunc(mean)::bigint $$;
CREATE OR REPLACE FUNCTION pg_internal.avg(mean numeric, one smallint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT trunc(mean)::bigint $$;
CREATE OR REPLACE FUNCTION pg_internal.avg(mean numeric, one numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT trunc(mean, scale(one)) $$;
CREATE OR REPLACE FUNCTION pg_internal.avg(mean double precision, one double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$ SELECT mean $$;
CREATE OR REPLACE FUNCTION pg_internal.avg(mean double precision, one real) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$ SELECT mean $$;
CREATE OR REPLACE FUNCTION pg_internal.avg(mean interval, one interval) RETURNS interval LANGUAGE sql IMMUTABLE AS
$$ SELECT mean $$;

-- AVG of SUPER leaves out all but numbers, and keeps their largest scale.
CREATE OR REPLACE FUNCTION pg_internal.super_avg_next(state numeric[], value super) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE jsonb_typeof(value) WHEN 'number' THEN ARRAY[coalesce(state[1], 0) + value::numeric, coalesce(state[2], 0) + 1]
               ELSE state END $$;
CREATE OR REPLACE FUNCTION pg_internal.super_avg_last(state numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT state[1] / state[2] $$;
CREATE OR REPLACE AGGREGATE pg_catalog.avg(super) (
    SFUNC = pg_internal.super_avg_next, STYPE = numeric[], FINALFUNC = pg_internal.super_avg_last);
CREATE OR REPLACE FUNCTION pg_internal.avg(mean numeric, one super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT to_jsonb(trunc(mean, scale(one::numeric))) $$;
CREATE OR REPLACE FUNCTION pg_internal.wider(a super, b super) RETURNS super LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN jsonb_typeof(b) = 'number' AND (a IS NULL OR scale(b::numeric) > scale(a::numeric)) THEN b ELSE a END $$;
CREATE OR REPLACE AGGREGATE pg_internal.sample(super) (SFUNC = pg_internal.wider, STYPE = super);

-- One of the values that AVG is of, with the scale that its type has: of the numbers of a CASE or COALESCE the widest.
CREATE OR REPLACE FUNCTION pg_internal.wider(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN scale(b) > scale(a) THEN b ELSE a END $$;

DO $$
DECLARE
    kind text;
BEGIN
    CREATE OR REPLACE AGGREGATE pg_internal.sample(numeric) (sfunc = pg_internal.wider, stype = numeric);
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'float4', 'float8', 'interval'] LOOP
        EXECUTE format('CREATE OR REPLACE AGGREGATE pg_internal.sample(%1$s) (sfunc = %2$s, stype = %1$s)',
                       kind, CASE kind WHEN 'interval' THEN 'interval_smaller' ELSE kind || 'smaller' END);
    END LOOP;
END $$;

-- MEDIAN, and PERCENTILE_CONT as a window function: linear interpolation between the sorted values.
-- The state's first element is the fraction.
CREATE OR REPLACE FUNCTION pg_internal.percentile_next(state float8[], value float8, fraction float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN value IS NULL THEN state WHEN state IS NULL THEN ARRAY[fraction, value] ELSE array_append(state, value) END $$;
CREATE OR REPLACE FUNCTION pg_internal.median_next(state float8[], value float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE AS $$ SELECT pg_internal.percentile_next(state, value, 0.5) $$;
CREATE OR REPLACE FUNCTION pg_internal.percentile_last(state float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT percentile_cont(state[1]) WITHIN GROUP (ORDER BY value) FROM unnest(state[2:]) value $$;
CREATE OR REPLACE AGGREGATE pg_internal.percentile_cont(float8, float8) (
    SFUNC = pg_internal.percentile_next, STYPE = float8[], FINALFUNC = pg_internal.percentile_last);
CREATE OR REPLACE AGGREGATE pg_internal.median(float8) (
    SFUNC = pg_internal.median_next, STYPE = float8[], FINALFUNC = pg_internal.percentile_last);

CREATE OR REPLACE FUNCTION pg_internal.percentile_disc(known anyarray, fraction float8, descends boolean) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN descends THEN percentile_disc(fraction) WITHIN GROUP (ORDER BY value DESC)
               ELSE percentile_disc(fraction) WITHIN GROUP (ORDER BY value) END FROM unnest(known) value $$;

CREATE OR REPLACE FUNCTION pg_internal.ratio_to_report(part float8, whole float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT part / nullif(whole, 0) $$;

-- IGNORE NULLS: strict functions, so NULL changes nothing.
CREATE OR REPLACE FUNCTION pg_internal.keep_first(state anyelement, value anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT state $$;
CREATE OR REPLACE FUNCTION pg_internal.keep_last(state anyelement, value anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value $$;
CREATE OR REPLACE AGGREGATE pg_internal.first_value(anyelement) (SFUNC = pg_internal.keep_first, STYPE = anyelement);
CREATE OR REPLACE AGGREGATE pg_internal.last_value(anyelement) (SFUNC = pg_internal.keep_last, STYPE = anyelement);
CREATE OR REPLACE FUNCTION pg_internal.from_end(known anyarray, place integer) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT known[cardinality(known) + 1 - place] $$;

-- TRY_CAST: NULL where the text of a value is none of the type. A number loses its fraction before it becomes an integer.
CREATE OR REPLACE FUNCTION pg_internal.try_cast(value text, kind text, typed anyelement) RETURNS anyelement
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF pg_typeof(typed) IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) AND pg_input_is_valid(value, 'numeric') THEN
        value := round(value::numeric)::text;
    END IF;
    IF pg_input_is_valid(value, kind) THEN
        EXECUTE format('SELECT $1::%s', kind) INTO typed USING value;
        RETURN typed;
    END IF;
    RETURN NULL;
END $$;

-- Division of decimals: truncated at the scale that follows from the operands' types.  Where a type is unknown, the
-- digits of the values stand for it.
CREATE OR REPLACE FUNCTION pg_internal.power_of_ten(exponent integer) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN RETURN ('1e' || exponent)::numeric; END $$;
CREATE OR REPLACE FUNCTION pg_internal.quotient(a numeric, b numeric, places integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT div(a * pg_internal.power_of_ten(places), b) * pg_internal.power_of_ten(-places) $$;
CREATE OR REPLACE FUNCTION pg_internal.quotient(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_internal.quotient(a, b, greatest(4, least(scale(a) + length(trunc(abs(b))::text) + 1, 30))) $$;

-- A quotient whose operands the stand-in could not ask the engine about: any but a decimal.
DO $$
DECLARE
    kind text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'float4', 'float8', 'super', 'interval'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_internal.no_decimal(value %s) RETURNS %1$s LANGUAGE sql IMMUTABLE AS'
                       ' $f$ SELECT value $f$', kind);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION pg_internal.no_decimal(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_internal.fail('the stand-in does not know the types of the decimals that are divided here: cast both, as in'
                           ' a::decimal(10,2) / b::decimal(10,2)')::numeric $$;
DROP FUNCTION IF EXISTS pg_internal.no_decimal(anyelement);

-- Deviations and variances are DOUBLE PRECISION.
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[['stddev', 'stddev_samp'], ['stddev_samp', 'stddev_samp'], ['stddev_pop', 'stddev_pop'],
                                        ['variance', 'var_samp'], ['var_samp', 'var_samp'], ['var_pop', 'var_pop']] LOOP
        EXECUTE format('CREATE OR REPLACE AGGREGATE pg_internal.%I(float8) (SFUNC = float8_accum, STYPE = float8[], INITCOND = ''{0,0,0}'','
                       ' FINALFUNC = float8_%s, COMBINEFUNC = float8_combine, PARALLEL = SAFE)', pair[1], pair[2]);
    END LOOP;
END $$;

-- The sign of a number has its type; a cube root that is whole is exact.
CREATE OR REPLACE FUNCTION pg_internal.sign(value bigint) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN value > 0 THEN 1 WHEN value < 0 THEN -1 ELSE 0 END $$;
CREATE OR REPLACE FUNCTION pg_internal.sign(value integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN value > 0 THEN 1 WHEN value < 0 THEN -1 ELSE 0 END $$;
CREATE OR REPLACE FUNCTION pg_internal.sign(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.sign(value) $$;
CREATE OR REPLACE FUNCTION pg_internal.sign(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.sign(value) $$;
CREATE OR REPLACE FUNCTION pg_internal.cbrt(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN round(pg_catalog.cbrt(value)) ^ 3 = value THEN round(pg_catalog.cbrt(value)) ELSE pg_catalog.cbrt(value) END $$;
