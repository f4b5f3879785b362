-- Conversions that happen by themselves, and operators that PostgreSQL 18 lacks.

-- Numbers, dates and times become text where text is asked for (Implicit conversion types): SUBSTRING(moment, 6, 2),
-- STRPOS(price, '.'), moment LIKE '2008-09%'.
DO $$
DECLARE
    kind text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'date', 'time', 'timetz', 'timestamp',
                                'timestamptz', 'interval', 'oid'] LOOP
        IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = kind::regtype AND casttarget = 'text'::regtype) THEN
            EXECUTE format('CREATE CAST (%s AS text) WITH INOUT AS IMPLICIT', kind);
        END IF;
    END LOOP;
END $$;

-- These would make `text || 1` ambiguous now.
UPDATE pg_operator SET oprname = '<||>' WHERE oprname = '||' AND 'anynonarray'::regtype IN (oprleft, oprright);

-- likes_jazz = 1, WHERE 1.
UPDATE pg_cast SET castcontext = 'i' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype;

-- Strings are joined by +, too; with a number it is an error, not a string.
CREATE OR REPLACE FUNCTION pg_internal.no_sum(a text, b double precision) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'operator does not exist: character varying + number' USING ERRCODE = 'undefined_function';
END $$;
CREATE OR REPLACE FUNCTION pg_internal.no_sum(a double precision, b text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_internal.no_sum(b, a) $$;

-- VARBYTE: + joins, and &, |, # and ~ work on the bits of values of the same length (VARBYTE operators).
CREATE OR REPLACE FUNCTION pg_internal.combined_bytes(a varbyte, b varbyte, operator text) RETURNS varbyte
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF octet_length(a) <> octet_length(b) THEN
        RAISE EXCEPTION 'cannot % VARBYTE values of % and % bytes', operator, octet_length(a), octet_length(b)
              USING ERRCODE = 'string_data_length_mismatch';
    END IF;
    FOR place IN 0 .. octet_length(a) - 1 LOOP
        a := set_byte(a, place, CASE operator WHEN 'AND' THEN get_byte(a, place) & get_byte(b, place)
                                              WHEN 'OR' THEN get_byte(a, place) | get_byte(b, place)
                                              ELSE get_byte(a, place) # get_byte(b, place) END);
    END LOOP;
    RETURN a;
END $$;
CREATE OR REPLACE FUNCTION pg_internal.bytes_and(a varbyte, b varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.combined_bytes(a, b, 'AND') $$;
CREATE OR REPLACE FUNCTION pg_internal.bytes_or(a varbyte, b varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.combined_bytes(a, b, 'OR') $$;
CREATE OR REPLACE FUNCTION pg_internal.bytes_xor(a varbyte, b varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.combined_bytes(a, b, 'XOR') $$;
CREATE OR REPLACE FUNCTION pg_internal.bytes_not(a varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.combined_bytes(a, decode(repeat('ff', octet_length(a)), 'hex'), 'XOR') $$;

DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT * FROM (VALUES
        ('+', 'text', 'text', 'pg_catalog.textcat'), ('+', 'text', 'float8', 'pg_internal.no_sum'),
        ('+', 'float8', 'text', 'pg_internal.no_sum'), ('+', 'varbyte', 'varbyte', 'pg_catalog.byteacat'),
        ('&', 'varbyte', 'varbyte', 'pg_internal.bytes_and'), ('|', 'varbyte', 'varbyte', 'pg_internal.bytes_or'),
        ('#', 'varbyte', 'varbyte', 'pg_internal.bytes_xor'), ('~', NULL, 'varbyte', 'pg_internal.bytes_not')
    ) operators (symbol, first, second, function) LOOP
        IF NOT EXISTS (SELECT FROM pg_operator WHERE oprname = made.symbol AND oprright = made.second::regtype
                          AND oprleft = coalesce(made.first::regtype, 0)) THEN
            EXECUTE format('CREATE OPERATOR pg_catalog.%s (FUNCTION = %s, %s RIGHTARG = %s)', made.symbol, made.function,
                           coalesce('LEFTARG = ' || made.first || ',', ''), made.second);
        END IF;
    END LOOP;
END $$;

-- These give DOUBLE PRECISION for every number (Math functions).
CREATE OR REPLACE FUNCTION pg_internal.sqrt(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.sqrt(value) $$;
CREATE OR REPLACE FUNCTION pg_internal.exp(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.exp(value) $$;
CREATE OR REPLACE FUNCTION pg_internal.ln(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.ln(value) $$;
CREATE OR REPLACE FUNCTION pg_internal.log(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.log(value) $$;
CREATE OR REPLACE FUNCTION pg_internal.log(base numeric, value numeric) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.log(base, value)::double precision $$;
CREATE OR REPLACE FUNCTION pg_internal.power(base double precision, exponent double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.power(base, exponent) $$;

-- Numbers in Teradata's notation: a sign at the end, an exponent, and with S in the format a zoned sign as last digit.
CREATE OR REPLACE FUNCTION pg_internal.teradata_number(value text, format text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    rest text := trim(value);
    zoned integer := CASE WHEN format LIKE '%S%' THEN strpos('{ABCDEFGHI}JKLMNOPQR', right(trim(value), 1)) ELSE 0 END;
BEGIN
    IF format LIKE '%C%' OR format LIKE '%L%' THEN
        rest := regexp_replace(rest, '^[^0-9.+-]+', '');
    END IF;
    rest := replace(rest, ',', '');
    IF zoned > 0 THEN
        rest := CASE WHEN zoned > 10 THEN '-' ELSE '' END || left(rest, -1) || (zoned - 1) % 10;
    ELSIF right(rest, 1) IN ('+', '-') THEN
        rest := right(rest, 1) || left(rest, -1);
    END IF;
    RETURN rest::numeric;
END $$;
DROP FUNCTION IF EXISTS pg_catalog.text_to_int_alt(text, text);
DROP FUNCTION IF EXISTS pg_catalog.text_to_numeric_alt(text, text, integer, integer);
CREATE OR REPLACE FUNCTION pg_catalog.text_to_int_alt(value text, format text DEFAULT '') RETURNS integer
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT trunc(pg_internal.teradata_number(value, format))::integer $$;
CREATE OR REPLACE FUNCTION pg_internal.half_even(value numeric, digits integer) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN abs(value * 10::numeric ^ digits) % 1 = 0.5 THEN round(round(value * 10::numeric ^ digits / 2) * 2 / 10::numeric ^ digits, digits)
               ELSE round(value, digits) END $$;
CREATE OR REPLACE FUNCTION pg_catalog.text_to_numeric_alt(value text, format text, digits integer, scale integer) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    result numeric := pg_internal.half_even(pg_internal.teradata_number(value, format), scale);
BEGIN
    IF abs(result) >= 10::numeric ^ (digits - scale) THEN
        RAISE EXCEPTION 'numeric field overflow' USING ERRCODE = 'numeric_value_out_of_range';
    END IF;
    RETURN result;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.text_to_numeric_alt(value text, digits integer DEFAULT 38, scale integer DEFAULT 0)
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.text_to_numeric_alt(value, '', digits, scale) $$;
CREATE OR REPLACE FUNCTION pg_catalog.text_to_numeric_alt(value text, format text) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.text_to_numeric_alt(value, format, 38, 0) $$;
