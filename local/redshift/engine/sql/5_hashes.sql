-- Hashes by arithmetic on 32 and 64 bits without a sign, which PostgreSQL has no integers for.

CREATE OR REPLACE FUNCTION pg_internal.times32(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (((((a >> 16) * b) & 65535) << 16) + (a & 65535) * b) & 4294967295 $$;
CREATE OR REPLACE FUNCTION pg_internal.turned32(value bigint, bits integer) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT ((value << bits) | (value >> (32 - bits))) & 4294967295 $$;
CREATE OR REPLACE FUNCTION pg_internal.little_endian(content varbyte, place integer, size integer) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT coalesce(sum(get_byte(content, place + at) * 256::numeric ^ at), 0) FROM generate_series(0, size - 1) at $$;

-- Murmur3A of the bytes that Apache Iceberg's specification gives a value: integers as 8 bytes, little-endian.
CREATE OR REPLACE FUNCTION pg_internal.murmur3(content varbyte, seed integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    hash bigint := seed::bigint & 4294967295;
    size integer := octet_length(content);
    word bigint;
BEGIN
    IF content IS NULL THEN
        RETURN seed;
    END IF;
    FOR place IN 0 .. (size + 3) / 4 - 1 LOOP
        word := pg_internal.little_endian(content, place * 4, least(4, size - place * 4));
        word := pg_internal.times32(pg_internal.turned32(pg_internal.times32(word, 3432918353), 15), 461845907);
        hash := hash # word;
        IF place * 4 + 4 <= size THEN
            hash := pg_internal.times32(pg_internal.turned32(hash, 13), 5);
            hash := (hash + 3864292196) & 4294967295;
        END IF;
    END LOOP;
    hash := hash # size;
    hash := pg_internal.times32(hash # (hash >> 16), 2246822507::bigint);
    hash := pg_internal.times32(hash # (hash >> 13), 3266489909);
    hash := hash # (hash >> 16);
    RETURN CASE WHEN hash > 2147483647 THEN hash - 4294967296 ELSE hash END;
END $$;

-- Google's FarmHash Fingerprint64.
CREATE OR REPLACE FUNCTION pg_internal.u64(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT mod(mod(value, 18446744073709551616) + 18446744073709551616, 18446744073709551616) $$;
CREATE OR REPLACE FUNCTION pg_internal.high64(value numeric, bits integer) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT div(value, 2::numeric ^ bits) $$;
CREATE OR REPLACE FUNCTION pg_internal.xor64(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (div(a, 4294967296)::bigint # div(b, 4294967296)::bigint) * 4294967296::numeric
        + (mod(a, 4294967296)::bigint # mod(b, 4294967296)::bigint) $$;
CREATE OR REPLACE FUNCTION pg_internal.turned64(value numeric, bits integer) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.high64(value, bits) + pg_internal.u64(value * 2::numeric ^ (64 - bits)) $$;
CREATE OR REPLACE FUNCTION pg_internal.mixed64(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.xor64(value, pg_internal.high64(value, 47)) $$;
CREATE OR REPLACE FUNCTION pg_internal.paired64(u numeric, v numeric, multiplier numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    a numeric := pg_internal.mixed64(pg_internal.u64(pg_internal.xor64(u, v) * multiplier));
BEGIN
    RETURN pg_internal.u64(pg_internal.mixed64(pg_internal.u64(pg_internal.xor64(v, a) * multiplier)) * multiplier);
END $$;
CREATE OR REPLACE FUNCTION pg_internal.weak64(content varbyte, place integer, a numeric, b numeric) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    w numeric := pg_internal.little_endian(content, place, 8);
    x numeric := pg_internal.little_endian(content, place + 8, 8);
    y numeric := pg_internal.little_endian(content, place + 16, 8);
    z numeric := pg_internal.little_endian(content, place + 24, 8);
    c numeric;
BEGIN
    a := pg_internal.u64(a + w);
    b := pg_internal.turned64(pg_internal.u64(b + a + z), 21);
    c := a;
    a := pg_internal.u64(a + x + y);
    b := pg_internal.u64(b + pg_internal.turned64(a, 44));
    RETURN ARRAY[pg_internal.u64(a + z), pg_internal.u64(b + c)];
END $$;
CREATE OR REPLACE FUNCTION pg_internal.farm64(content varbyte) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    k0 constant numeric := 14097894508562428199;
    k1 constant numeric := 13011662864482103923;
    k2 constant numeric := 11160318154034397263;
    size integer := octet_length(content);
    m numeric := k2 + size * 2;
    a numeric; b numeric; c numeric; d numeric; e numeric; f numeric; g numeric; h numeric;
    x numeric := 81;
    y numeric := pg_internal.u64(81 * k1 + 113);
    z numeric := pg_internal.u64(pg_internal.mixed64(pg_internal.u64(pg_internal.u64(81 * k1 + 113) * k2 + 113)) * k2);
    v numeric[] := ARRAY[0, 0];
    w numeric[] := ARRAY[0, 0];
    last integer := (size - 1) / 64 * 64;
    place integer;
    hash numeric;
BEGIN
    IF size = 0 THEN
        hash := k2;
    ELSIF size < 4 THEN
        y := get_byte(content, 0) + get_byte(content, size / 2) * 256;
        z := size + get_byte(content, size - 1) * 4;
        hash := pg_internal.u64(pg_internal.mixed64(pg_internal.xor64(pg_internal.u64(y * k2), pg_internal.u64(z * k0))) * k2);
    ELSIF size < 8 THEN
        a := pg_internal.little_endian(content, 0, 4);
        hash := pg_internal.paired64(size + a * 8, pg_internal.little_endian(content, size - 4, 4), m);
    ELSIF size <= 16 THEN
        a := pg_internal.u64(pg_internal.little_endian(content, 0, 8) + k2);
        b := pg_internal.little_endian(content, size - 8, 8);
        c := pg_internal.u64(pg_internal.turned64(b, 37) * m + a);
        d := pg_internal.u64((pg_internal.turned64(a, 25) + b) * m);
        hash := pg_internal.paired64(c, d, m);
    ELSIF size <= 32 THEN
        a := pg_internal.u64(pg_internal.little_endian(content, 0, 8) * k1);
        b := pg_internal.little_endian(content, 8, 8);
        c := pg_internal.u64(pg_internal.little_endian(content, size - 8, 8) * m);
        d := pg_internal.u64(pg_internal.little_endian(content, size - 16, 8) * k2);
        hash := pg_internal.paired64(
            pg_internal.u64(pg_internal.turned64(pg_internal.u64(a + b), 43) + pg_internal.turned64(c, 30) + d),
            pg_internal.u64(a + pg_internal.turned64(pg_internal.u64(b + k2), 18) + c), m);
    ELSIF size <= 64 THEN
        a := pg_internal.u64(pg_internal.little_endian(content, 0, 8) * k2);
        b := pg_internal.little_endian(content, 8, 8);
        c := pg_internal.u64(pg_internal.little_endian(content, size - 8, 8) * m);
        d := pg_internal.u64(pg_internal.little_endian(content, size - 16, 8) * k2);
        y := pg_internal.u64(pg_internal.turned64(pg_internal.u64(a + b), 43) + pg_internal.turned64(c, 30) + d);
        z := pg_internal.paired64(y, pg_internal.u64(a + pg_internal.turned64(pg_internal.u64(b + k2), 18) + c), m);
        e := pg_internal.u64(pg_internal.little_endian(content, 16, 8) * m);
        f := pg_internal.little_endian(content, 24, 8);
        g := pg_internal.u64((y + pg_internal.little_endian(content, size - 32, 8)) * m);
        h := pg_internal.u64((z + pg_internal.little_endian(content, size - 24, 8)) * m);
        hash := pg_internal.paired64(
            pg_internal.u64(pg_internal.turned64(pg_internal.u64(e + f), 43) + pg_internal.turned64(g, 30) + h),
            pg_internal.u64(e + pg_internal.turned64(pg_internal.u64(f + a), 18) + g), m);
    ELSE
        x := pg_internal.u64(x * k2 + pg_internal.little_endian(content, 0, 8));
        FOR block IN 0 .. last / 64 - 1 LOOP
            place := block * 64;
            x := pg_internal.u64(pg_internal.turned64(pg_internal.u64(x + y + v[1] + pg_internal.little_endian(content, place + 8, 8)), 37) * k1);
            y := pg_internal.u64(pg_internal.turned64(pg_internal.u64(y + v[2] + pg_internal.little_endian(content, place + 48, 8)), 42) * k1);
            x := pg_internal.xor64(x, w[2]);
            y := pg_internal.u64(y + v[1] + pg_internal.little_endian(content, place + 40, 8));
            z := pg_internal.u64(pg_internal.turned64(pg_internal.u64(z + w[1]), 33) * k1);
            v := pg_internal.weak64(content, place, pg_internal.u64(v[2] * k1), pg_internal.u64(x + w[1]));
            w := pg_internal.weak64(content, place + 32, pg_internal.u64(z + w[2]),
                                    pg_internal.u64(y + pg_internal.little_endian(content, place + 16, 8)));
            c := z; z := x; x := c;
        END LOOP;
        m := pg_internal.u64(k1 + mod(z, 256) * 2);
        w[1] := pg_internal.u64(w[1] + (size - 1) % 64);
        v[1] := pg_internal.u64(v[1] + w[1]);
        w[1] := pg_internal.u64(w[1] + v[1]);
        last := size - 64;  -- the last 64 bytes, which may overlap those before
        x := pg_internal.u64(pg_internal.turned64(pg_internal.u64(x + y + v[1] + pg_internal.little_endian(content, last + 8, 8)), 37) * m);
        y := pg_internal.u64(pg_internal.turned64(pg_internal.u64(y + v[2] + pg_internal.little_endian(content, last + 48, 8)), 42) * m);
        x := pg_internal.xor64(x, pg_internal.u64(w[2] * 9));
        y := pg_internal.u64(y + v[1] * 9 + pg_internal.little_endian(content, last + 40, 8));
        z := pg_internal.u64(pg_internal.turned64(pg_internal.u64(z + w[1]), 33) * m);
        v := pg_internal.weak64(content, last, pg_internal.u64(v[2] * m), pg_internal.u64(x + w[1]));
        w := pg_internal.weak64(content, last + 32, pg_internal.u64(z + w[2]),
                                pg_internal.u64(y + pg_internal.little_endian(content, last + 16, 8)));
        c := z; z := x; x := c;
        hash := pg_internal.paired64(
            pg_internal.u64(pg_internal.paired64(v[1], w[1], m) + pg_internal.mixed64(y) * k0 + z),
            pg_internal.u64(pg_internal.paired64(v[2], w[2], m) + x), m);
    END IF;
    RETURN CASE WHEN hash > 9223372036854775807 THEN hash - 18446744073709551616 ELSE hash END;
END $$;

DO $$
DECLARE
    kind text[];
BEGIN
    FOREACH kind SLICE 1 IN ARRAY ARRAY[
        ['int8', 'pg_internal.reversed(int8send(value))'], ['int4', 'pg_internal.reversed(int8send(value))'],
        ['int2', 'pg_internal.reversed(int8send(value))'], ['text', 'convert_to(value, ''UTF8'')'], ['varbyte', 'value'],
        ['date', 'pg_internal.reversed(int8send((value - date ''1970-01-01'')::int8))'],
        ['timestamp', 'pg_internal.reversed(int8send((extract(epoch FROM value) * 1000000)::int8))']]
    LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.murmur3_32_hash(value %s, seed integer DEFAULT 0) RETURNS integer'
                       ' LANGUAGE sql IMMUTABLE AS $f$ SELECT pg_internal.murmur3(%s, seed) $f$', kind[1], kind[2]);
        IF kind[1] IN ('text', 'varbyte') THEN
            EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.farmfingerprint64(value %s) RETURNS bigint'
                           ' LANGUAGE sql IMMUTABLE AS $f$ SELECT pg_internal.farm64(%s) $f$', kind[1], kind[2]);
        END IF;
    END LOOP;
END $$;
