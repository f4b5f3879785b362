-- What Redshift's types do otherwise than PostgreSQL's; it changes the catalogs of the served database alone.

SET LOCAL allow_system_table_mods = on;

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'lakeport_internal') THEN
        ALTER SCHEMA lakeport_internal RENAME TO pg_internal;
    END IF;
END $$;

-- SUPER is PostgreSQL's jsonb and VARBYTE its bytea, by another name; VARBYTE gets a length.
UPDATE pg_type SET typname = 'super' WHERE oid = 3802;
UPDATE pg_type SET typname = '_super' WHERE oid = 3807;
UPDATE pg_type SET typname = 'varbyte', typmodin = 'varchartypmodin', typmodout = 'varchartypmodout' WHERE oid = 17;
UPDATE pg_type SET typname = '_varbyte' WHERE oid = 1001;

-- Redshift has a schema of this name too: tools that list schemas leave out those that begin with pg_.
CREATE SCHEMA IF NOT EXISTS pg_internal;
GRANT USAGE ON SCHEMA pg_internal TO PUBLIC;

-- A string that becomes a SUPER is a string, wherever it stands: only JSON_PARSE reads JSON.  COPY sends documents, and
-- sets lakeport.reads_documents.  SQL functions take a cstring only by a change of the catalog; CASE inside keeps
-- the planner from reading a constant as JSON.  It takes the three arguments with which input functions are called: the
-- executor looks up the type of each, and reads beyond the list of a function that takes fewer.
SET LOCAL check_function_bodies = off;
DROP FUNCTION IF EXISTS pg_internal.super_in(cstring);
DROP FUNCTION IF EXISTS pg_internal.super_in(cstring, oid, integer);
CREATE FUNCTION pg_internal.super_in(value text, type oid, modifier integer) RETURNS super LANGUAGE sql STABLE STRICT AS
$$ SELECT coalesce(pg_catalog.jsonb_in(CASE pg_catalog.current_setting('lakeport.reads_documents', true) WHEN 'on' THEN $1 END),
                   pg_catalog.to_jsonb(pg_catalog.textin($1))) $$;
UPDATE pg_proc SET proargtypes = '2275 26 23' WHERE oid = 'pg_internal.super_in(text, oid, integer)'::regprocedure;
UPDATE pg_type SET typinput = 'pg_internal.super_in(cstring, oid, integer)'::regprocedure WHERE oid = 3802;
SET LOCAL check_function_bodies = on;

-- "Trailing spaces in VARCHAR and CHAR values are treated as semantically insignificant when values are compared"
-- (Character types): VARCHAR compares by the functions of CHAR, which read the same bytes.
UPDATE pg_operator
   SET oprcode = CASE oprname WHEN '=' THEN 'bpchareq' WHEN '<>' THEN 'bpcharne' WHEN '<' THEN 'bpcharlt'
                              WHEN '<=' THEN 'bpcharle' WHEN '>' THEN 'bpchargt' WHEN '>=' THEN 'bpcharge' END::regproc
 WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft = 'text'::regtype AND oprright = 'text'::regtype
   AND oprname IN ('=', '<>', '<', '<=', '>', '>=');

UPDATE pg_amproc
   SET amproc = CASE amproc::text WHEN 'bttextcmp' THEN 'bpcharcmp' WHEN 'bttextsortsupport' THEN 'bpchar_sortsupport'
                                  WHEN 'hashtext' THEN 'hashbpchar' ELSE 'hashbpcharextended' END::regproc
 WHERE amproclefttype = 'text'::regtype AND amprocrighttype = 'text'::regtype
   AND amproc::text IN ('bttextcmp', 'bttextsortsupport', 'hashtext', 'hashtextextended')
   AND amprocfamily IN (SELECT opcfamily FROM pg_opclass WHERE opcname = 'text_ops');

-- Reads JSON; a cast would make a JSON string of it, as Redshift's casts to SUPER do.
CREATE OR REPLACE FUNCTION pg_internal.document(value text) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT jsonb_in(textout(value)) $$;

-- An integer is a condition: WHERE 1.
UPDATE pg_cast SET castcontext = 'a' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype;
