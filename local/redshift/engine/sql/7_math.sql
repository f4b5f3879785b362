-- Functions on numbers that PostgreSQL has for fewer types.

-- ROUND, TRUNC, CEILING and FLOOR return the type of their argument; of a SUPER they return a SUPER, and NULL if that is not a number.
DO $$
DECLARE
    kind text;
    name text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8'] LOOP
        FOREACH name IN ARRAY ARRAY['ceil', 'ceiling', 'floor', 'round', 'trunc'] LOOP
            EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(value %s) RETURNS %2$s LANGUAGE sql IMMUTABLE STRICT AS'
                           ' $f$ SELECT value $f$', name, kind);
        END LOOP;
        FOREACH name IN ARRAY ARRAY['round', 'trunc'] LOOP
            EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(value %s, digits integer) RETURNS %2$s LANGUAGE sql'
                           ' IMMUTABLE STRICT AS $f$ SELECT pg_catalog.%1$s(value::numeric, digits)::%2$s $f$', name, kind);
        END LOOP;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['round', 'trunc'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(value float8, digits integer) RETURNS float8 LANGUAGE sql'
                       ' IMMUTABLE STRICT AS $f$ SELECT pg_catalog.%1$s(value::numeric, digits)::float8 $f$', name);
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(value super, digits integer) RETURNS super LANGUAGE sql'
                       ' IMMUTABLE STRICT AS $f$ SELECT to_jsonb(pg_catalog.%1$s(pg_internal.super_number(value), digits)) $f$', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['abs', 'ceil', 'ceiling', 'floor', 'round', 'trunc'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%s(value super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS'
                       ' $f$ SELECT to_jsonb(pg_catalog.%1$s(pg_internal.super_number(value))) $f$', name);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION pg_internal.sign(value super) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT to_jsonb(pg_catalog.sign(pg_internal.super_number(value))) $$;
