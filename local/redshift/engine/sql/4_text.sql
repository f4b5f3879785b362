-- Functions on text, and on bytes and hashes of it.

-- Regular expressions: `parameters` is any of c, i, e and p (REGEXP_REPLACE, REGEXP_SUBSTR, REGEXP_COUNT, REGEXP_INSTR).
-- PostgreSQL's dialect already has what p asks for.
CREATE OR REPLACE FUNCTION pg_internal.regexp_flags(parameters text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN parameters ~ '^[ciep]*$' THEN translate(parameters, 'ep', '')
               ELSE pg_internal.fail('invalid regular expression parameters "' || parameters || '"') END $$;

CREATE OR REPLACE FUNCTION pg_internal.regexp_replace(
    source text, pattern text, replacement text DEFAULT '', start integer DEFAULT 1, parameters text DEFAULT 'c')
RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.regexp_replace(
       source, pattern,
       CASE WHEN strpos(parameters, 'p') > 0 THEN pg_catalog.regexp_replace(replacement, E'\\$([0-9])', E'\\\\\\1', 'g')
            ELSE replacement END,
       greatest(start, 1), 0, pg_internal.regexp_flags(parameters)) $$;

CREATE OR REPLACE FUNCTION pg_internal.regexp_substr(
    source text, pattern text, start integer DEFAULT 1, occurrence integer DEFAULT 1, parameters text DEFAULT 'c')
RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN start > length(source) THEN ''
               WHEN occurrence < 1 OR occurrence > length(source) THEN NULL
               ELSE coalesce(pg_catalog.regexp_substr(
                   source, pattern, greatest(start, 1), occurrence, pg_internal.regexp_flags(parameters),
                   CASE WHEN strpos(parameters, 'e') > 0 AND pattern ~ E'(^|[^\\\\])\\((?!\\?)' THEN 1 ELSE 0 END), '')
          END $$;

CREATE OR REPLACE FUNCTION pg_internal.regexp_count(
    source text, pattern text, start integer DEFAULT 1, parameters text DEFAULT 'c')
RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.regexp_count(source, pattern, greatest(start, 1), pg_internal.regexp_flags(parameters)) $$;

CREATE OR REPLACE FUNCTION pg_internal.regexp_instr(
    source text, pattern text, start integer DEFAULT 1, occurrence integer DEFAULT 1, option integer DEFAULT 0,
    parameters text DEFAULT 'c')
RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN start > length(source) OR occurrence < 1 OR occurrence > length(source) THEN 0
               ELSE pg_catalog.regexp_instr(
                   source, pattern, greatest(start, 1), occurrence, option, pg_internal.regexp_flags(parameters),
                   CASE WHEN strpos(parameters, 'e') > 0 AND pattern ~ E'(^|[^\\\\])\\((?!\\?)' THEN 1 ELSE 0 END)
          END $$;

-- CONCAT takes two expressions, and is NULL where one of them is (CONCAT).
CREATE OR REPLACE FUNCTION pg_internal.concat(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT a || b $$;
DROP FUNCTION IF EXISTS pg_internal.concat(text, anynonarray);
DROP FUNCTION IF EXISTS pg_internal.concat(anynonarray, text);
CREATE OR REPLACE FUNCTION pg_internal.concat(a varbyte, b varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT a || b $$;

CREATE OR REPLACE FUNCTION pg_internal.split_part(whole text, delimiter text, part bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT CASE WHEN part > 0 THEN pg_catalog.split_part(whole, delimiter, part::integer)
               ELSE pg_internal.fail('field position must be greater than zero') END $$;

CREATE OR REPLACE FUNCTION pg_catalog.len(value character) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT length(value) $$;
CREATE OR REPLACE FUNCTION pg_catalog.len(value varbyte) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT octet_length(value) $$;
CREATE OR REPLACE FUNCTION pg_catalog.textlen(value character) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT length(value) $$;

CREATE OR REPLACE FUNCTION pg_catalog.octetindex(part text, whole text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT position(convert_to(part, 'UTF8') IN convert_to(whole, 'UTF8')) $$;

-- These know all letters; the other functions, and ILIKE, know those of ASCII alone (UPPER, LOWER, INITCAP, LIKE).
CREATE OR REPLACE FUNCTION pg_internal.upper(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.upper(value COLLATE pg_catalog.pg_c_utf8) $$;
CREATE OR REPLACE FUNCTION pg_internal.lower(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.lower(value COLLATE pg_catalog.pg_c_utf8) $$;
CREATE OR REPLACE FUNCTION pg_internal.initcap(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.initcap(value COLLATE pg_catalog.pg_c_utf8) $$;

-- Doubles quotes and backslashes, and writes no E before the string (QUOTE_LITERAL).
CREATE OR REPLACE FUNCTION pg_internal.quote_literal(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT ltrim(pg_catalog.quote_literal(value), 'E') $$;

-- Each letter's digit: vowels separate, H and W do not; the first letter stays (SOUNDEX).
CREATE OR REPLACE FUNCTION pg_catalog.soundex(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    letters text := upper(pg_catalog.regexp_replace(value, '[^A-Za-z]', '', 'g'));
    code text := left(letters, 1);
    digit text;
    before text := translate(left(letters, 1), 'AEIOUYHWBFPVCGJKQSXZDTLMNR', '000000--11112222222233455' || '6');
BEGIN
    IF letters = '' THEN
        RETURN CASE WHEN value = '' THEN '' END;
    END IF;
    FOR place IN 2 .. length(letters) LOOP
        digit := translate(substr(letters, place, 1), 'AEIOUYHWBFPVCGJKQSXZDTLMNR', '000000--11112222222233455' || '6');
        CONTINUE WHEN digit = '-';
        IF digit <> '0' AND digit <> before THEN
            code := code || digit;
        END IF;
        before := digit;
    END LOOP;
    RETURN left(rpad(code, 4, '0'), 4);
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.difference(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT count(*)::integer FROM generate_series(1, 4) place
    WHERE substr(pg_catalog.soundex(a), place, 1) = substr(pg_catalog.soundex(b), place, 1) $$;

-- Text and bytes.
CREATE OR REPLACE FUNCTION pg_catalog.to_varbyte(value text, format text) RETURNS varbyte LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    CASE lower(format)
        WHEN 'hex' THEN
            RETURN decode(CASE WHEN length(value) % 2 = 1 THEN '0' || value ELSE value END, 'hex');
        WHEN 'binary' THEN
            RETURN (SELECT coalesce(string_agg(set_byte(decode('00', 'hex'), 0, substr(padded, at, 8)::bit(8)::integer), ''::varbyte ORDER BY at), ''::varbyte)
                      FROM (SELECT lpad(value, (length(value) + 7) / 8 * 8, '0') AS padded) filled,
                           generate_series(1, length(padded), 8) at);
        WHEN 'utf8', 'utf-8' THEN
            RETURN convert_to(value, 'UTF8');
        ELSE
            RAISE EXCEPTION 'unsupported format "%": use hex, binary, utf8 or utf-8', format USING ERRCODE = '22023';
    END CASE;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.from_varbyte(value varbyte, format text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    CASE lower(format)
        WHEN 'hex' THEN
            RETURN encode(value, 'hex');
        WHEN 'binary' THEN
            RETURN (SELECT coalesce(string_agg(get_byte(value, at)::bit(8)::text, '' ORDER BY at), '')
                      FROM generate_series(0, octet_length(value) - 1) at);
        WHEN 'utf8', 'utf-8' THEN
            RETURN convert_from(value, 'UTF8');
        ELSE
            RAISE EXCEPTION 'unsupported format "%": use hex, binary, utf8 or utf-8', format USING ERRCODE = '22023';
    END CASE;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.from_hex(digits text) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_catalog.to_varbyte(digits, 'hex') $$;

CREATE OR REPLACE FUNCTION pg_catalog.to_hex(value varbyte) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT encode(value, 'hex') $$;

CREATE OR REPLACE FUNCTION pg_catalog.getbit(value varbyte, place integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (get_byte(value, octet_length(value) - 1 - place / 8) >> (place % 8)) & 1 $$;

-- A VARBYTE becomes text, and text a VARBYTE, by its bytes (VARBYTE type).
CREATE OR REPLACE FUNCTION pg_internal.bytes_as_text(value varbyte) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT convert_from(value, 'UTF8') $$;
CREATE OR REPLACE FUNCTION pg_internal.bytes_as_varchar(value varbyte) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT convert_from(value, 'UTF8') $$;
CREATE OR REPLACE FUNCTION pg_internal.text_as_bytes(value text) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT convert_to(value, 'UTF8') $$;
DROP CAST IF EXISTS (varbyte AS text);
CREATE CAST (varbyte AS text) WITH FUNCTION pg_internal.bytes_as_text(varbyte);
DROP CAST IF EXISTS (varbyte AS varchar);
CREATE CAST (varbyte AS varchar) WITH FUNCTION pg_internal.bytes_as_varchar(varbyte);
DROP CAST IF EXISTS (text AS varbyte);
CREATE CAST (text AS varbyte) WITH FUNCTION pg_internal.text_as_bytes(text);

-- Hashes. CRC32 is CRC-32C, in eight digits.
CREATE OR REPLACE FUNCTION pg_internal.crc32(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT lpad(to_hex(crc32c(convert_to(value, 'UTF8'))), 8, '0') $$;
CREATE OR REPLACE FUNCTION pg_internal.crc32(value varbyte) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT lpad(to_hex(crc32c(value)), 8, '0') $$;

CREATE OR REPLACE FUNCTION pg_internal.sha1(content varbyte) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    mask constant bigint := 4294967295;
    size integer := octet_length(content);
    padded varbyte := content || decode('80' || repeat('00', (119 - size % 64) % 64), 'hex') || int8send(size::bigint * 8);
    state bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; next bigint;
BEGIN
    FOR block IN 0 .. octet_length(padded) / 64 - 1 LOOP
        FOR i IN 0 .. 15 LOOP
            w[i] := get_byte(padded, block * 64 + i * 4)::bigint * 16777216 + get_byte(padded, block * 64 + i * 4 + 1) * 65536
                  + get_byte(padded, block * 64 + i * 4 + 2) * 256 + get_byte(padded, block * 64 + i * 4 + 3);
        END LOOP;
        FOR i IN 16 .. 79 LOOP
            next := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
            w[i] := ((next << 1) | (next >> 31)) & mask;
        END LOOP;
        a := state[1]; b := state[2]; c := state[3]; d := state[4]; e := state[5];
        FOR i IN 0 .. 79 LOOP
            IF i < 20 THEN f := (b & c) | (~b & mask & d); k := 1518500249;
            ELSIF i < 40 THEN f := b # c # d; k := 1859775393;
            ELSIF i < 60 THEN f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE f := b # c # d; k := 3395469782;
            END IF;
            next := ((((a << 5) | (a >> 27)) & mask) + f + e + k + w[i]) & mask;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := next;
        END LOOP;
        state := ARRAY[state[1] + a & mask, state[2] + b & mask, state[3] + c & mask, state[4] + d & mask, state[5] + e & mask];
    END LOOP;
    RETURN (SELECT string_agg(lpad(to_hex(part), 8, '0'), '' ORDER BY place) FROM unnest(state) WITH ORDINALITY s (part, place));
END $$;

-- 64-bit FNV-1a of the bytes of a value, from a seed.
CREATE OR REPLACE FUNCTION pg_internal.fnv(content varbyte, seed bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    hash numeric := CASE WHEN seed < 0 THEN seed + 18446744073709551616 ELSE seed END;
    low bigint;
BEGIN
    IF content IS NULL THEN
        RETURN seed;
    END IF;
    FOR place IN 0 .. octet_length(content) - 1 LOOP
        low := mod(hash, 256)::bigint;
        hash := mod((hash - low + (low # get_byte(content, place))) * 1099511628211, 18446744073709551616);
    END LOOP;
    RETURN CASE WHEN hash > 9223372036854775807 THEN hash - 18446744073709551616 ELSE hash END;
END $$;

CREATE OR REPLACE FUNCTION pg_internal.reversed(content varbyte) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT string_agg(substr(content, octet_length(content) - at, 1), ''::varbyte ORDER BY at) FROM generate_series(0, octet_length(content) - 1) at $$;

DO $$
DECLARE
    kind text;
    bytes text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['text', 'varbyte'] LOOP
        bytes := CASE kind WHEN 'text' THEN 'convert_to(value, ''UTF8'')' ELSE 'value' END;
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.sha1(value %s) RETURNS text LANGUAGE sql IMMUTABLE STRICT'
                       ' AS $f$ SELECT pg_internal.sha1(%s) $f$', kind, bytes);
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.func_sha1(value %s) RETURNS text LANGUAGE sql IMMUTABLE STRICT'
                       ' AS $f$ SELECT pg_internal.sha1(%s) $f$', kind, bytes);
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.sha(value %s) RETURNS text LANGUAGE sql IMMUTABLE STRICT'
                       ' AS $f$ SELECT pg_internal.sha1(%s) $f$', kind, bytes);
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.checksum(value %s) RETURNS integer LANGUAGE sql IMMUTABLE STRICT'
                       ' AS $f$ SELECT abs(hashtext(encode(%s, ''hex'')) / 2) $f$', kind, bytes);
    END LOOP;
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'text', 'varbyte', 'numeric', 'date', 'timestamp'] LOOP
        bytes := CASE kind WHEN 'text' THEN 'convert_to(value, ''UTF8'')' WHEN 'varbyte' THEN 'value'
                           ELSE format('pg_internal.reversed(%s_send(value))', kind) END;
        bytes := replace(replace(replace(bytes, 'int2_', 'int2'), 'int4_', 'int4'), 'int8_', 'int8');
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.fnv_hash(value %s, seed bigint DEFAULT -3750763034362895579)'
                       ' RETURNS bigint LANGUAGE sql IMMUTABLE AS $f$ SELECT pg_internal.fnv(%s, seed) $f$', kind, bytes);
    END LOOP;
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'float8', 'numeric', 'bool', 'date', 'timestamp', 'timestamptz'] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.checksum(value %s) RETURNS integer LANGUAGE sql IMMUTABLE STRICT'
                       ' AS $f$ SELECT pg_catalog.checksum(value::text) $f$', kind);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.sha2(value varbyte, bits integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT encode(CASE bits WHEN 224 THEN sha224(value) WHEN 384 THEN sha384(value) WHEN 512 THEN sha512(value) ELSE sha256(value) END, 'hex') $$;

-- A length counts bytes in a cast, too: an explicit one cuts between characters, another one cuts blanks alone.
CREATE OR REPLACE FUNCTION pg_internal.varchar_of_bytes(value varchar, modifier integer, is_explicit boolean) RETURNS varchar
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    most integer := modifier - 4;
    octets varbyte;
BEGIN
    IF most < 1 OR octet_length(value) <= most THEN
        RETURN value;
    ELSIF NOT is_explicit AND octet_length(rtrim(value, ' ')) > most THEN
        RAISE EXCEPTION 'value too long for type character varying(%)', most USING ERRCODE = 'string_data_right_truncation';
    END IF;
    octets := convert_to(value, 'UTF8');
    WHILE get_byte(octets, most) BETWEEN 128 AND 191 LOOP  -- the middle of a character
        most := most - 1;
    END LOOP;
    RETURN convert_from(substring(octets FROM 1 FOR most), 'UTF8');
END $$;

UPDATE pg_cast SET castfunc = 'pg_internal.varchar_of_bytes(varchar, integer, boolean)'::regprocedure
 WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;

-- Which of two strings is greater: PostgreSQL's own, which sorts by it, says by how much.
CREATE OR REPLACE FUNCTION pg_internal.bpcharcmp(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT sign(pg_catalog.bpcharcmp(a::bpchar, b::bpchar))::integer $$;
CREATE OR REPLACE FUNCTION pg_internal.bttext_pattern_cmp(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT sign(pg_catalog.bttext_pattern_cmp(a, b))::integer $$;

-- Queries on catalogs alone get PostgreSQL's functions, which lack this one.
CREATE OR REPLACE FUNCTION pg_catalog.regexp_replace(value text, pattern text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT pg_internal.regexp_replace(value, pattern) $$;
