-- What tools read about databases, schemas, tables, columns, users and privileges.

CREATE OR REPLACE FUNCTION pg_internal.define(name text, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL allow_system_table_mods = on;
    BEGIN
        EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', name, query);
    EXCEPTION WHEN invalid_table_definition THEN
        EXECUTE format('DROP VIEW %s CASCADE', name);
        EXECUTE format('CREATE VIEW %s AS %s', name, query);
    END;
    EXECUTE format('GRANT SELECT ON %s TO PUBLIC', name);
END $$;

-- How Redshift would store a table: CREATE TABLE and ALTER TABLE leave it in a comment of their text.
CREATE TABLE IF NOT EXISTS pg_internal.table_storage (
    relation   oid NOT NULL,
    dist_style text,
    dist_key   text,
    sort_style text,
    sort_keys  text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS pg_internal.column_storage (
    relation oid,
    name     text,
    encoding text NOT NULL
);
ALTER TABLE pg_internal.table_storage DROP CONSTRAINT IF EXISTS table_storage_pkey;
ALTER TABLE pg_internal.column_storage DROP CONSTRAINT IF EXISTS column_storage_pkey;
CREATE UNIQUE INDEX IF NOT EXISTS table_storage_key ON pg_internal.table_storage (relation);
CREATE UNIQUE INDEX IF NOT EXISTS column_storage_key ON pg_internal.column_storage (relation, name);
GRANT SELECT ON pg_internal.table_storage, pg_internal.column_storage TO PUBLIC;

-- Names that are too long for PostgreSQL, by the short ones it knows.
CREATE TABLE IF NOT EXISTS pg_internal.long_names (short text NOT NULL, long text NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS long_names_key ON pg_internal.long_names (short);

-- Keys, which nothing enforces.
CREATE TABLE IF NOT EXISTS pg_internal.table_keys (
    id             integer GENERATED ALWAYS AS IDENTITY (START WITH 2000000000),
    relation       oid NOT NULL,
    name           text NOT NULL,
    kind           "char" NOT NULL,
    columns        text[] NOT NULL,
    target         oid,
    target_columns text[] NOT NULL DEFAULT '{}'
);
GRANT SELECT ON pg_internal.table_keys TO PUBLIC;

CREATE OR REPLACE FUNCTION pg_internal.store_keys(relation oid, storage super) RETURNS void LANGUAGE sql AS $$
    INSERT INTO pg_internal.table_keys (relation, name, kind, columns, target, target_columns)
    SELECT $1, coalesce(nullif(k ->> 'name', ''),
                        (SELECT relname FROM pg_class WHERE oid = $1)
                        || CASE k ->> 'kind' WHEN 'p' THEN '_pkey'
                                WHEN 'u' THEN '_' || array_to_string(c.names, '_') || '_key'
                                ELSE '_' || array_to_string(c.names, '_') || '_fkey' END),
           (k ->> 'kind')::"char", c.names, to_regclass(k ->> 'target'),
           CASE WHEN t.names = '{}' AND k ->> 'kind' = 'f'
                THEN coalesce((SELECT p.columns FROM pg_internal.table_keys p
                                WHERE p.relation = to_regclass(k ->> 'target') AND p.kind = 'p'), '{}')
                ELSE t.names END
      FROM jsonb_array_elements(storage -> 'keys') k,
           LATERAL (SELECT array(SELECT jsonb_array_elements_text(k -> 'columns'))) c (names),
           LATERAL (SELECT array(SELECT jsonb_array_elements_text(coalesce(k -> 'target_columns', pg_internal.document('[]'))))) t (names)
     -- The check of a VARCHAR's bytes is another command within the one that makes the table.
     WHERE NOT EXISTS (SELECT FROM pg_internal.table_keys x WHERE x.relation = $1 AND x.kind = (k ->> 'kind')::"char"
                          AND x.columns = c.names AND x.target IS NOT DISTINCT FROM to_regclass(k ->> 'target'))
$$;

-- A key names a column, or in CREATE TABLE AS its place.
CREATE OR REPLACE FUNCTION pg_internal.key_column(relation oid, key text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT attname FROM pg_attribute WHERE attrelid = relation AND attnum::text = key), key) $$;

CREATE OR REPLACE FUNCTION pg_internal.store(relation oid, storage super) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    parent oid := (SELECT p.oid FROM pg_class p WHERE p.oid = to_regclass(storage ->> 'like'));
    old_name text := storage -> 'renamed' ->> 0;
    new_name text := storage -> 'renamed' ->> 1;
BEGIN
    IF storage ? 'renamed' THEN
        UPDATE pg_internal.table_storage t
           SET dist_key = CASE dist_key WHEN old_name THEN new_name ELSE dist_key END,
               sort_keys = array_replace(sort_keys, old_name, new_name) WHERE t.relation = store.relation;
        UPDATE pg_internal.column_storage c SET name = new_name WHERE c.relation = store.relation AND c.name = old_name;
        UPDATE pg_internal.table_keys k SET columns = array_replace(columns, old_name, new_name) WHERE k.relation = store.relation;
        UPDATE pg_internal.table_keys k SET target_columns = array_replace(target_columns, old_name, new_name)
         WHERE k.target = store.relation;
        RETURN;
    END IF;
    IF storage ? 'dropped_key' THEN
        DELETE FROM pg_internal.table_keys k WHERE k.relation = store.relation AND k.name = storage ->> 'dropped_key';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'constraint "%" does not exist', storage ->> 'dropped_key' USING ERRCODE = 'undefined_object';
        END IF;
        RETURN;
    END IF;
    PERFORM pg_internal.store_keys(relation, storage);
    INSERT INTO pg_internal.table_storage AS t (relation, dist_style, dist_key, sort_style, sort_keys)
    SELECT store.relation, coalesce(storage ->> 'dist_style', s.dist_style), coalesce(pg_internal.key_column(store.relation, storage ->> 'dist_key'), s.dist_key),
           coalesce(storage ->> 'sort_style', s.sort_style),
           coalesce((SELECT array_agg(pg_internal.key_column(store.relation, key) ORDER BY place) FROM jsonb_array_elements_text(storage -> 'sort_keys') WITH ORDINALITY k (key, place)),
                    s.sort_keys, '{}')
      FROM (SELECT) one LEFT JOIN pg_internal.table_storage s ON s.relation = parent
    ON CONFLICT (relation) DO UPDATE
       SET dist_style = CASE WHEN storage ? 'dist_style' THEN excluded.dist_style ELSE t.dist_style END,
           dist_key = CASE WHEN storage ? 'dist_style' THEN excluded.dist_key ELSE t.dist_key END,
           sort_style = CASE WHEN storage ? 'sort_style' THEN excluded.sort_style ELSE t.sort_style END,
           sort_keys = CASE WHEN storage ? 'sort_style' THEN excluded.sort_keys ELSE t.sort_keys END;
    INSERT INTO pg_internal.column_storage
    SELECT store.relation, c.name, c.encoding FROM pg_internal.column_storage c WHERE c.relation = parent
    UNION ALL
    SELECT store.relation, key, value FROM jsonb_each_text(storage -> 'encodings')
    ON CONFLICT (relation, name) DO UPDATE SET encoding = excluded.encoding;
END $$;

CREATE OR REPLACE FUNCTION pg_internal.keep_storage() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    made record;
    found text;
BEGIN
    FOR made IN SELECT DISTINCT c.oid, c.relname, d.command_tag FROM pg_event_trigger_ddl_commands() d
                  JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'm') WHERE d.classid = 'pg_class'::regclass
    LOOP
        IF made.command_tag <> 'ALTER TABLE' THEN
            DELETE FROM pg_internal.table_storage WHERE relation = made.oid;
            DELETE FROM pg_internal.column_storage WHERE relation = made.oid;
            DELETE FROM pg_internal.table_keys WHERE relation = made.oid;
        END IF;
        FOR found IN SELECT match[1] FROM regexp_matches(current_query(), E'/\\*redshift:(\\{.*?\\})\\*/', 'g') match LOOP
            IF pg_internal.document(found) ->> 'table' = made.relname THEN
                PERFORM pg_internal.store(made.oid, pg_internal.document(found));
            END IF;
        END LOOP;
    END LOOP;
END $$;
DROP EVENT TRIGGER IF EXISTS lakeport_keep_storage;
CREATE EVENT TRIGGER lakeport_keep_storage ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE MATERIALIZED VIEW')
    EXECUTE FUNCTION pg_internal.keep_storage();

CREATE OR REPLACE FUNCTION pg_internal.alter_storage(relation regclass, storage super) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = relation), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_internal.store(relation, storage);
END $$;

-- Types as Redshift names them.
CREATE OR REPLACE FUNCTION pg_internal.type_name(type oid, modifier integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE type
       WHEN 17 THEN 'binary varying' || CASE WHEN modifier > 4 THEN '(' || modifier - 4 || ')' ELSE '' END
       WHEN 25 THEN 'character varying' || CASE WHEN modifier > 4 THEN '(' || modifier - 4 || ')' ELSE '' END
       ELSE format_type(type, modifier) END $$;

CREATE OR REPLACE FUNCTION pg_internal.format_type(type oid, modifier integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE type WHEN 17 THEN pg_internal.type_name(type, modifier) ELSE pg_catalog.format_type(type, modifier) END $$;

CREATE OR REPLACE FUNCTION pg_catalog.format_encoding(encoding integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT (ARRAY['none', 'bytedict', 'delta', 'lzo', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255', 'text32k',
                 'delta32k', 'zstd', 'az64'])[encoding + 1] $$;

-- The columns of users' tables with what a column is given that names no ENCODE (Compression encodings).
SELECT pg_internal.define('pg_internal.stored_columns', $v$
SELECT a.attrelid AS relation, a.attnum AS place,
       coalesce(nullif(nullif(c.encoding, 'raw'), 'auto'),
                CASE WHEN c.encoding = 'raw' OR a.attname::text = ANY (coalesce(t.sort_keys, '{}')) THEN 'none'
                     WHEN k.relkind <> 'r' OR a.atttypid IN (16, 700, 701) THEN 'none'
                     WHEN a.atttypid IN (20, 21, 23, 1082, 1083, 1114, 1184, 1266, 1700) THEN 'az64'
                     WHEN a.atttypid IN (25, 1042, 1043) THEN 'lzo' ELSE 'none' END) AS encoding,
       coalesce(t.dist_key = a.attname, false) AS is_dist_key,
       coalesce(array_position(t.sort_keys, a.attname::text), 0)
           * CASE WHEN t.sort_style = 'INTERLEAVED' AND array_position(t.sort_keys, a.attname::text) % 2 = 0 THEN -1 ELSE 1 END AS sort_key
  FROM pg_attribute a
  JOIN pg_class k ON k.oid = a.attrelid
  LEFT JOIN pg_internal.table_storage t ON t.relation = a.attrelid
  LEFT JOIN pg_internal.column_storage c ON c.relation = a.attrelid AND c.name = a.attname
 WHERE a.attnum > 0 AND NOT a.attisdropped$v$);

SELECT pg_internal.define('pg_internal.stored_tables', $v$
SELECT c.oid AS relation,
       CASE WHEN t.dist_key IS NOT NULL THEN 'KEY' ELSE coalesce(t.dist_style, 'AUTO') END AS dist_style, t.dist_key,
       CASE WHEN t.dist_key IS NOT NULL THEN 1
            ELSE CASE coalesce(t.dist_style, 'AUTO') WHEN 'EVEN' THEN 0 WHEN 'ALL' THEN 8 ELSE 10 END END AS code,
       coalesce(t.sort_keys, '{}') AS sort_keys, t.sort_style
  FROM pg_class c LEFT JOIN pg_internal.table_storage t ON t.relation = c.oid WHERE c.relkind IN ('r', 'm')$v$);

-- The catalogs with the columns that Redshift has added; a statement that names one of those reads these.
SELECT pg_internal.define('pg_internal.pg_class', $v$
SELECT c.*, coalesce(s.code, 0)::smallint AS reldiststyle, coalesce(s.code, 0)::smallint AS releffectivediststyle,
       NULL::timestamp AS relcreationtime
  FROM pg_catalog.pg_class c LEFT JOIN pg_internal.stored_tables s ON s.relation = c.oid$v$);
SELECT pg_internal.define('pg_internal.pg_attribute', $v$
SELECT a.*, coalesce(s.is_dist_key, false) AS attisdistkey, coalesce(s.sort_key, 0) AS attsortkeyord,
       coalesce(array_position(ARRAY['none', 'bytedict', 'delta', 'lzo', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255',
                                     'text32k', 'delta32k', 'zstd', 'az64'], s.encoding) - 1, 0) AS attencodingtype
  FROM pg_catalog.pg_attribute a LEFT JOIN pg_internal.stored_columns s ON s.relation = a.attrelid AND s.place = a.attnum$v$);

-- Keys where tools look for them. NOT NULL is none in Redshift, and the stand-in's own checks stay out of sight.
SELECT pg_internal.define('pg_internal.placed_keys', $v$
SELECT k.id, k.relation, n.oid AS namespace, n.nspname, c.relname, k.name, k.kind, k.columns, k.target, k.target_columns,
       array(SELECT a.attnum FROM unnest(k.columns) WITH ORDINALITY u (name, place)
               JOIN pg_attribute a ON a.attrelid = k.relation AND a.attname = u.name ORDER BY place)::smallint[] AS conkey,
       array(SELECT a.attnum FROM unnest(k.target_columns) WITH ORDINALITY u (name, place)
               JOIN pg_attribute a ON a.attrelid = k.target AND a.attname = u.name ORDER BY place)::smallint[] AS confkey
  FROM pg_internal.table_keys k JOIN pg_class c ON c.oid = k.relation JOIN pg_namespace n ON n.oid = c.relnamespace$v$);
SELECT pg_internal.define('pg_internal.pg_constraint', $v$
SELECT oid, conname, connamespace, contype, condeferrable, condeferred, convalidated, conrelid, contypid, conindid, conparentid,
       confrelid, confupdtype, confdeltype, confmatchtype, conislocal, coninhcount, connoinherit, conkey, confkey, conbin,
       pg_get_expr(conbin, conrelid) AS consrc
  FROM pg_catalog.pg_constraint WHERE contype <> 'n' AND NOT starts_with(conname::text, 'lakeport_')
UNION ALL
SELECT id::oid, name::name, namespace, kind, false, false, true, relation, 0::oid, 0::oid, 0::oid, coalesce(target, 0::oid),
       CASE kind WHEN 'f' THEN 'a' ELSE ' ' END::"char", CASE kind WHEN 'f' THEN 'a' ELSE ' ' END::"char",
       CASE kind WHEN 'f' THEN 's' ELSE ' ' END::"char", true, 0::smallint, true, conkey,
       CASE kind WHEN 'f' THEN confkey END, NULL::pg_node_tree, NULL::text
  FROM pg_internal.placed_keys$v$);
CREATE OR REPLACE FUNCTION pg_internal.quoted_names(names text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(quote_ident(name), ', ' ORDER BY place) FROM unnest(names) WITH ORDINALITY n (name, place) $$;
CREATE OR REPLACE FUNCTION pg_internal.pg_get_constraintdef(id oid, pretty boolean DEFAULT false) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN $1::bigint < 2000000000 THEN pg_catalog.pg_get_constraintdef($1, $2) ELSE (
       SELECT CASE kind WHEN 'p' THEN 'PRIMARY KEY (' WHEN 'u' THEN 'UNIQUE (' ELSE 'FOREIGN KEY (' END
              || pg_internal.quoted_names(columns) || ')'
              || CASE kind WHEN 'f' THEN format(' REFERENCES %s(%s)', target::regclass, pg_internal.quoted_names(target_columns)) ELSE '' END
         FROM pg_internal.table_keys k WHERE k.id = $1::bigint) END $$;
SELECT pg_internal.define('pg_internal.table_constraints', $v$
SELECT current_database()::text AS constraint_catalog, nspname::text AS constraint_schema, name AS constraint_name,
       current_database()::text AS table_catalog, nspname::text AS table_schema, relname::text AS table_name,
       CASE kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END AS constraint_type,
       'NO'::text AS is_deferrable, 'NO'::text AS initially_deferred FROM pg_internal.placed_keys$v$);
SELECT pg_internal.define('pg_internal.key_column_usage', $v$
SELECT current_database()::text AS constraint_catalog, nspname::text AS constraint_schema, k.name AS constraint_name,
       current_database()::text AS table_catalog, nspname::text AS table_schema, relname::text AS table_name,
       c.name AS column_name, c.place::integer AS ordinal_position
  FROM pg_internal.placed_keys k, unnest(k.columns) WITH ORDINALITY c (name, place)$v$);
SELECT pg_internal.define('pg_internal.referential_constraints', $v$
SELECT current_database()::text AS constraint_catalog, k.nspname::text AS constraint_schema, k.name AS constraint_name,
       current_database()::text AS unique_constraint_catalog, p.nspname::text AS unique_constraint_schema, p.name AS unique_constraint_name,
       'NONE'::text AS match_option, 'NO ACTION'::text AS update_rule, 'NO ACTION'::text AS delete_rule
  FROM pg_internal.placed_keys k
  LEFT JOIN pg_internal.placed_keys p ON p.relation = k.target AND p.kind IN ('p', 'u') AND p.columns = k.target_columns
 WHERE k.kind = 'f'$v$);
SELECT pg_internal.define('pg_internal.constraint_column_usage', $v$
SELECT current_database()::text AS table_catalog, n.nspname::text AS table_schema, c.relname::text AS table_name, u.name AS column_name,
       current_database()::text AS constraint_catalog, k.nspname::text AS constraint_schema, k.name AS constraint_name
  FROM pg_internal.placed_keys k JOIN pg_class c ON c.oid = coalesce(k.target, k.relation)
  JOIN pg_namespace n ON n.oid = c.relnamespace,
       unnest(CASE k.kind WHEN 'f' THEN k.target_columns ELSE k.columns END) u (name)$v$);
SELECT pg_internal.define('pg_internal.primary_keys', $v$
SELECT current_database()::text AS database_name, nspname::text AS schema_name, relname::text AS table_name, c.name AS column_name,
       c.place::integer AS key_seq, k.name AS pk_name
  FROM pg_internal.placed_keys k, unnest(k.columns) WITH ORDINALITY c (name, place) WHERE k.kind = 'p'$v$);
SELECT pg_internal.define('pg_internal.foreign_keys', $v$
SELECT current_database()::text AS pk_database_name, n.nspname::text AS pk_schema_name, c.relname::text AS pk_table_name,
       k.target_columns[u.place] AS pk_column_name, current_database()::text AS fk_database_name, k.nspname::text AS fk_schema_name,
       k.relname::text AS fk_table_name, u.name AS fk_column_name, u.place::integer AS key_seq, 3 AS update_rule, 3 AS delete_rule,
       k.name AS fk_name, (SELECT p.name FROM pg_internal.table_keys p WHERE p.relation = k.target AND p.kind = 'p') AS pk_name,
       7 AS deferrability
  FROM pg_internal.placed_keys k JOIN pg_class c ON c.oid = k.target JOIN pg_namespace n ON n.oid = c.relnamespace,
       unnest(k.columns) WITH ORDINALITY u (name, place) WHERE k.kind = 'f'$v$);

-- An IDENTITY column has a separate form of default.  OFFSET 0 keeps the engine from reading all of pg_depend for each
-- column that a query joins, since it does not know how few sequences there are.
SELECT pg_internal.define('pg_internal.pg_attrdef', $v$
SELECT oid, adrelid, adnum, adbin, pg_get_expr(adbin, adrelid) AS adsrc FROM pg_catalog.pg_attrdef
UNION ALL
SELECT s.seqrelid, d.refobjid, d.refobjsubid::smallint, NULL::pg_node_tree,
       format('"identity"(%s, 0, ''%s,%s''::text)', d.refobjid, s.seqstart, s.seqincrement)
  FROM pg_sequence s
 CROSS JOIN LATERAL (SELECT refobjid, refobjsubid FROM pg_depend
                      WHERE classid = 'pg_class'::regclass AND objid = s.seqrelid AND deptype = 'i' AND refobjsubid > 0
                     OFFSET 0) d$v$);

SELECT pg_internal.define('pg_catalog.pg_class_info', $v$
SELECT oid AS reloid, relname, relnamespace, reltype, relowner, relam, relfilenode, reltablespace, relpages, reltuples,
       reltoastrelid, relhasindex, relisshared, relkind, relnatts, relchecks, relhasrules, relhastriggers, relacl,
       reldiststyle, releffectivediststyle, relcreationtime
  FROM pg_internal.pg_class$v$);
SELECT pg_internal.define('pg_catalog.pg_attribute_info', 'SELECT * FROM pg_internal.pg_attribute');
SELECT pg_internal.define('pg_catalog.pg_database_info', $v$
SELECT oid AS datid, datname, datdba, encoding, datistemplate, datallowconn, datconnlimit::text AS datconnlimit, datacl FROM pg_database$v$);
SELECT pg_internal.define('pg_catalog.pg_user_info', $v$
SELECT u.usename, u.usesysid, u.usecreatedb, u.usesuper, u.usecatupd, u.passwd, u.valuntil, u.useconfig,
       coalesce(nullif(r.rolconnlimit, -1)::text, 'UNLIMITED') AS useconnlimit, 'RESTRICTED'::text AS syslogaccess,
       '-infinity'::timestamp AS last_ddl_ts, 0 AS sessiontimeout, NULL::text AS external_user_id
  FROM (SELECT usename, usesysid, usecreatedb, usesuper, usesuper AS usecatupd, passwd, valuntil, useconfig FROM pg_user) u
  JOIN pg_roles r ON r.rolname = u.usename$v$);
SELECT pg_internal.define('pg_catalog.pg_proc_info', 'SELECT oid AS prooid, * FROM pg_proc');
SELECT pg_internal.define('pg_catalog.pg_statistic_indicator', $v$
SELECT relid AS stairelid, n_live_tup::float8 AS stairows, n_tup_ins::float8 AS staiins, n_tup_del + n_tup_upd::float8 AS staidels
  FROM pg_stat_user_tables$v$);

SELECT pg_internal.define('pg_internal.user_schemas', $v$
SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'$v$);

SELECT pg_internal.define('pg_catalog.pg_table_def', $v$
SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS "column",
       pg_internal.type_name(a.atttypid, a.atttypmod) AS type, s.encoding,
       s.is_dist_key AS distkey, s.sort_key AS sortkey, a.attnotnull AS "notnull"
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_internal.stored_columns s ON s.relation = a.attrelid AND s.place = a.attnum
 WHERE c.relkind IN ('r', 'm') AND (n.nspname = ANY (current_schemas(false)) OR n.oid = pg_my_temp_schema())$v$);

-- Columns and tables of users, as SVV_ and SHOW list them.
SELECT pg_internal.define('pg_internal.listed_columns', $v$
SELECT current_database()::varchar(128) AS database_name, n.nspname::varchar(128) AS schema_name,
       c.relname::varchar(128) AS table_name, a.attname::varchar(128) AS column_name, a.attnum::integer AS ordinal_position,
       pg_get_expr(d.adbin, d.adrelid)::varchar(4000) AS column_default,
       CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END::varchar(3) AS is_nullable,
       pg_internal.type_name(a.atttypid, NULL)::varchar(128) AS data_type,
       CASE WHEN a.atttypid IN (17, 25, 1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS character_maximum_length,
       CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
            WHEN 1700 THEN CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 >> 16 ELSE 38 END END AS numeric_precision,
       CASE WHEN a.atttypid IN (20, 21, 23) THEN 0
            WHEN a.atttypid = 1700 THEN CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 & 65535 ELSE 0 END END AS numeric_scale,
       col_description(c.oid, a.attnum)::varchar(256) AS remarks,
       CASE c.relkind WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END AS table_type, c.oid AS relation, s.encoding, s.is_dist_key, s.sort_key
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace AND (n.oid = pg_my_temp_schema() OR n.oid IN (SELECT oid FROM pg_internal.user_schemas))
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_internal.stored_columns s ON s.relation = a.attrelid AND s.place = a.attnum
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'v', 'm') AND (pg_has_role(c.relowner, 'USAGE') OR has_any_column_privilege(c.oid, 'SELECT,INSERT,UPDATE'))$v$);

-- Keys as drivers ask for them: each is an index with columns.
CREATE OR REPLACE FUNCTION pg_internal.key_id(relation oid, name text) RETURNS oid LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT ((hashtext(relation || ' ' || name)::bigint & 1073741823) + 3221225472)::oid $$;
SELECT pg_internal.define('pg_internal.key_index', $v$
SELECT pg_internal.key_id(k.relation, k.name) AS indexrelid, k.relation AS indrelid, k.kind = 'p' AS indisprimary, true AS indisunique
  FROM pg_internal.table_keys k WHERE k.kind IN ('p', 'u')$v$);
SELECT pg_internal.define('pg_internal.key_class', $v$
SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relowner FROM pg_class c
UNION ALL
SELECT pg_internal.key_id(k.relation, k.name), k.name, c.relnamespace, 'i', c.relowner
  FROM pg_internal.table_keys k JOIN pg_class c ON c.oid = k.relation WHERE k.kind IN ('p', 'u')$v$);
SELECT pg_internal.define('pg_internal.key_attribute', $v$
SELECT a.attrelid, a.attname, a.attnum, a.attisdropped FROM pg_attribute a
UNION ALL
SELECT pg_internal.key_id(k.relation, k.name), u.name, u.place::smallint, false
  FROM pg_internal.table_keys k, unnest(k.columns) WITH ORDINALITY u (name, place) WHERE k.kind IN ('p', 'u')$v$);

SELECT pg_internal.define('pg_internal.listed_tables', $v$
SELECT current_database()::varchar(128) AS database_name, n.nspname::varchar(128) AS schema_name,
       c.relname::varchar(128) AS table_name, CASE c.relkind WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END::varchar(128) AS table_type,
       array_to_string(c.relacl, '~')::varchar(128) AS table_acl, obj_description(c.oid, 'pg_class')::varchar(256) AS remarks,
       pg_get_userbyid(c.relowner)::varchar(128) AS owner, c.oid AS relation, c.relkind
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace AND (n.oid = pg_my_temp_schema() OR n.oid IN (SELECT oid FROM pg_internal.user_schemas))
 WHERE c.relkind IN ('r', 'v', 'm') AND (pg_has_role(c.relowner, 'USAGE') OR has_any_column_privilege(c.oid, 'SELECT,INSERT,UPDATE'))$v$);

SELECT pg_internal.define('pg_catalog.svv_redshift_columns', $v$
SELECT database_name, schema_name, table_name, column_name, ordinal_position, data_type, column_default, is_nullable,
       encoding::varchar(128) AS encoding, is_dist_key AS distkey, sort_key AS sortkey, NULL::varchar(128) AS column_acl, remarks
  FROM pg_internal.listed_columns$v$);
SELECT pg_internal.define('pg_catalog.svv_all_columns', $v$
SELECT database_name, schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
       character_maximum_length, numeric_precision, numeric_scale, remarks
  FROM pg_internal.listed_columns$v$);
SELECT pg_internal.define('pg_catalog.svv_columns', $v$
SELECT database_name AS table_catalog, schema_name AS table_schema, table_name, column_name, ordinal_position, column_default,
       is_nullable, data_type, character_maximum_length, numeric_precision,
       CASE WHEN data_type IN ('smallint', 'integer', 'bigint', 'real', 'double precision') THEN 2 WHEN data_type = 'numeric' THEN 10 END
           AS numeric_precision_radix, numeric_scale,
       CASE WHEN data_type LIKE 'time%' THEN 6 WHEN data_type = 'date' THEN 0 END AS datetime_precision,
       NULL::varchar AS interval_type, NULL::varchar AS interval_precision, NULL::varchar AS character_set_catalog,
       NULL::varchar AS character_set_schema, NULL::varchar AS character_set_name, NULL::varchar AS collation_catalog,
       NULL::varchar AS collation_schema, NULL::varchar AS collation_name, NULL::varchar AS domain_name, remarks
  FROM pg_internal.listed_columns$v$);
SELECT pg_internal.define('pg_catalog.svv_redshift_tables',
    'SELECT database_name, schema_name, table_name, table_type, table_acl, remarks, owner AS table_owner FROM pg_internal.listed_tables');
SELECT pg_internal.define('pg_catalog.svv_all_tables',
    'SELECT database_name, schema_name, table_name, table_acl, table_type, remarks, owner FROM pg_internal.listed_tables');
SELECT pg_internal.define('pg_catalog.svv_tables', $v$
SELECT database_name AS table_catalog, schema_name AS table_schema, table_name,
       CASE table_type WHEN 'TABLE' THEN 'BASE TABLE' ELSE 'VIEW' END AS table_type, remarks
  FROM pg_internal.listed_tables$v$);
SELECT pg_internal.define('pg_catalog.svv_redshift_schemas', $v$
SELECT current_database()::varchar(128) AS database_name, nspname::varchar(128) AS schema_name, nspowner::integer AS schema_owner,
       'local'::varchar(128) AS schema_type, array_to_string(nspacl, '~')::varchar(128) AS schema_acl, NULL::varchar(128) AS schema_option
  FROM pg_internal.user_schemas$v$);
SELECT pg_internal.define('pg_catalog.svv_all_schemas', $v$
SELECT database_name, schema_name, schema_owner, schema_type, schema_acl, NULL::varchar(128) AS source_database, schema_option
  FROM pg_catalog.svv_redshift_schemas$v$);
SELECT pg_internal.define('pg_catalog.svv_redshift_databases', $v$
SELECT datname::varchar(128) AS database_name, datdba::integer AS database_owner, 'local'::varchar(32) AS database_type,
       array_to_string(datacl, '~')::varchar(128) AS database_acl, NULL::varchar(128) AS database_options,
       CASE current_setting('default_transaction_isolation') WHEN 'serializable' THEN 'Serializable' ELSE 'Snapshot Isolation' END::varchar(128)
           AS database_isolation_level
  FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'$v$);
SELECT pg_internal.define('pg_catalog.svv_redshift_functions', $v$
SELECT current_database()::varchar(128) AS database_name, n.nspname::varchar(128) AS schema_name, p.proname::varchar(128) AS function_name,
       CASE p.prokind WHEN 'p' THEN 'STORED PROCEDURE' WHEN 'a' THEN 'AGGREGATED FUNCTION' ELSE 'REGULAR FUNCTION' END::varchar(128) AS function_type,
       pg_get_function_arguments(p.oid)::varchar(512) AS argument_type, pg_get_function_result(p.oid)::varchar(128) AS result_type
  FROM pg_proc p JOIN pg_internal.user_schemas n ON n.oid = p.pronamespace$v$);

-- Tables with rows, as this server counts them.
SELECT pg_internal.define('pg_catalog.svv_table_info', $v$
SELECT l.database_name::text AS database, l.schema_name::text AS schema, l.relation AS table_id, l.table_name::text AS "table",
       CASE WHEN EXISTS (SELECT FROM pg_internal.column_storage c WHERE c.relation = l.relation AND c.encoding NOT IN ('raw', 'none', 'auto'))
            THEN 'Y' ELSE 'N' END || CASE WHEN EXISTS (SELECT FROM pg_internal.column_storage c WHERE c.relation = l.relation AND c.encoding <> 'auto')
            THEN '' ELSE ', AUTO(ENCODE)' END AS encoded,
       CASE s.dist_style WHEN 'KEY' THEN 'KEY(' || s.dist_key || ')' WHEN 'AUTO' THEN 'AUTO(ALL)' ELSE s.dist_style END AS diststyle,
       CASE WHEN s.sort_style = 'AUTO' THEN 'AUTO(SORTKEY)' WHEN s.sort_style = 'INTERLEAVED' THEN 'INTERLEAVED' ELSE s.sort_keys[1] END AS sortkey1,
       (SELECT max(k.character_maximum_length) FROM pg_internal.listed_columns k WHERE k.relation = l.relation) AS max_varchar,
       CASE WHEN s.sort_keys <> '{}' THEN 'none' END::char(32) AS sortkey1_enc, cardinality(s.sort_keys) AS sortkey_num,
       greatest(pg_total_relation_size(l.relation) / 1048576, 1) AS size, 0::numeric(10,4) AS pct_used, 0::bigint AS empty,
       CASE WHEN s.sort_keys <> '{}' THEN 0 END::numeric(5,2) AS unsorted, 0::numeric(5,2) AS stats_off,
       t.n_live_tup::numeric(38,0) AS tbl_rows, NULL::numeric(19,2) AS skew_sortkey1, 1::numeric(19,2) AS skew_rows,
       t.n_live_tup::numeric(38,0) AS estimated_visible_rows, NULL::text AS risk_event,
       CASE WHEN s.sort_keys <> '{}' THEN 0 END::numeric(12,2) AS vacuum_sort_benefit, NULL::timestamp AS create_time
  FROM pg_internal.listed_tables l
  JOIN pg_internal.stored_tables s ON s.relation = l.relation
  JOIN pg_stat_user_tables t ON t.relid = l.relation AND t.n_live_tup > 0
 WHERE l.relkind = 'r'$v$);

-- Users, roles and privileges. A group is a role that cannot log in.
SELECT pg_internal.define('pg_catalog.svv_user_info', $v$
SELECT rolname::varchar(128) AS user_name, oid::integer AS user_id, rolcreatedb AS createdb, rolsuper AS superuser, rolsuper AS catalog_update,
       CASE rolconnlimit WHEN -1 THEN 'UNLIMITED' ELSE rolconnlimit::text END::varchar(128) AS connection_limit,
       'RESTRICTED'::varchar(128) AS syslog_access, NULL::timestamp AS last_ddl_timestamp, 0 AS session_timeout, NULL::varchar(128) AS external_user_id
  FROM pg_roles WHERE rolcanlogin$v$);
SELECT pg_internal.define('pg_catalog.svl_user_info', $v$
SELECT rolname::text AS usename, oid::integer AS usesysid, rolcreatedb AS usecreatedb, rolsuper AS usesuper, rolsuper AS usecatupd,
       rolconnlimit::text AS useconnlimit, 'RESTRICTED'::text AS syslogaccess, NULL::timestamp AS last_ddl_ts FROM pg_roles WHERE rolcanlogin$v$);
SELECT pg_internal.define('pg_catalog.svv_roles', $v$
SELECT oid::integer AS role_id, rolname::text AS role_name, NULL::text AS role_owner, NULL::text AS external_id
  FROM pg_roles WHERE NOT rolcanlogin AND rolname !~ '^pg_'$v$);
SELECT pg_internal.define('pg_catalog.svv_user_grants', $v$
SELECT u.oid::integer AS user_id, u.rolname::text AS user_name, r.oid::integer AS role_id, r.rolname::text AS role_name, m.admin_option
  FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles r ON r.oid = m.roleid
 WHERE u.rolcanlogin AND NOT r.rolcanlogin AND r.rolname !~ '^pg_'$v$);
SELECT pg_internal.define('pg_catalog.svv_role_grants', $v$
SELECT u.oid::integer AS role_id, u.rolname::text AS role_name, r.oid::integer AS granted_role_id, r.rolname::text AS granted_role_name
  FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles r ON r.oid = m.roleid
 WHERE NOT u.rolcanlogin AND NOT r.rolcanlogin AND u.rolname !~ '^pg_' AND r.rolname !~ '^pg_'$v$);

SELECT pg_internal.define('pg_internal.grants', $v$
WITH objects AS (
    SELECT 'RELATION' AS kind, n.nspname AS schema_name, c.relname AS object_name, NULL::name AS column_name,
           coalesce(c.relacl, acldefault('r', c.relowner)) AS acl, CASE c.relkind WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END AS object_type
      FROM pg_class c JOIN pg_internal.user_schemas n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm')
    UNION ALL
    SELECT 'COLUMN', n.nspname, c.relname, a.attname, a.attacl, 'TABLE'
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_internal.user_schemas n ON n.oid = c.relnamespace
     WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT 'SCHEMA', nspname, nspname, NULL, coalesce(nspacl, acldefault('n', nspowner)), 'SCHEMA' FROM pg_internal.user_schemas
    UNION ALL
    SELECT 'DATABASE', NULL, datname, NULL, coalesce(datacl, acldefault('d', datdba)), 'DATABASE' FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'FUNCTION', n.nspname, p.proname, NULL, coalesce(p.proacl, acldefault('f', p.proowner)),
           CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END
      FROM pg_proc p JOIN pg_internal.user_schemas n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'LANGUAGE', NULL, lanname, NULL, coalesce(lanacl, acldefault('l', lanowner)), 'LANGUAGE' FROM pg_language
)
SELECT kind, current_database()::text AS database_name, schema_name::text AS schema_name, object_name::text AS object_name,
       column_name::text AS column_name, object_type, privilege_type::text AS privilege_type, grantee::integer AS identity_id,
       CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee)::text END AS identity_name,
       CASE WHEN grantee = 0 THEN 'public' WHEN (SELECT rolcanlogin FROM pg_roles WHERE oid = grantee) THEN 'user' ELSE 'role' END AS identity_type,
       is_grantable AS admin_option, pg_get_userbyid(grantor)::text AS grantor_name
  FROM objects, aclexplode(acl)
 WHERE privilege_type NOT IN ('MAINTAIN', 'TRIGGER')$v$);
SELECT pg_internal.define('pg_catalog.svv_relation_privileges', $v$
SELECT schema_name AS namespace_name, object_name AS relation_name, privilege_type, identity_id, identity_name, identity_type, admin_option
  FROM pg_internal.grants WHERE kind = 'RELATION'$v$);
SELECT pg_internal.define('pg_catalog.svv_column_privileges', $v$
SELECT schema_name AS namespace_name, object_name AS relation_name, column_name, privilege_type, identity_id, identity_name, identity_type
  FROM pg_internal.grants WHERE kind = 'COLUMN'$v$);
SELECT pg_internal.define('pg_catalog.svv_schema_privileges', $v$
SELECT schema_name AS namespace_name, privilege_type, identity_id, identity_name, identity_type, admin_option, 'SCHEMA'::text AS privilege_scope
  FROM pg_internal.grants WHERE kind = 'SCHEMA'$v$);
SELECT pg_internal.define('pg_catalog.svv_database_privileges', $v$
SELECT database_name, privilege_type, identity_id, identity_name, identity_type, admin_option, 'DATABASE'::text AS privilege_scope
  FROM pg_internal.grants WHERE kind = 'DATABASE'$v$);
SELECT pg_internal.define('pg_catalog.svv_function_privileges', $v$
SELECT schema_name AS namespace_name, object_name AS function_name, NULL::text AS argument_types, privilege_type, identity_id, identity_name,
       identity_type, admin_option FROM pg_internal.grants WHERE kind = 'FUNCTION'$v$);
SELECT pg_internal.define('pg_catalog.svv_language_privileges', $v$
SELECT object_name AS language_name, privilege_type, identity_id, identity_name, identity_type, admin_option
  FROM pg_internal.grants WHERE kind = 'LANGUAGE'$v$);
SELECT pg_internal.define('pg_catalog.svv_default_privileges', $v$
SELECT n.nspname::text AS schema_name, CASE d.defaclobjtype WHEN 'r' THEN 'RELATION' WHEN 'f' THEN 'FUNCTION' ELSE d.defaclobjtype::text END AS object_type,
       d.defaclrole::integer AS owner_id, pg_get_userbyid(d.defaclrole)::text AS owner_name, 'user'::text AS owner_type,
       a.privilege_type::text AS privilege_type, a.grantee::integer AS grantee_id,
       CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END AS grantee_name,
       CASE WHEN a.grantee = 0 THEN 'public' WHEN (SELECT rolcanlogin FROM pg_roles WHERE oid = a.grantee) THEN 'user' ELSE 'role' END AS grantee_type,
       a.is_grantable AS admin_option
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a$v$);

-- Materialized views and their state: none is refreshed behind its user's back.
SELECT pg_internal.define('pg_catalog.svv_mv_info', $v$
SELECT current_database()::char(128) AS database_name, n.nspname::char(128) AS schema_name, pg_get_userbyid(c.relowner)::char(128) AS user_name,
       c.relname::char(128) AS name, 'f'::char(1) AS is_stale, 1 AS state, 'f'::char(1) AS autorewrite, 'f'::char(1) AS autorefresh
  FROM pg_class c JOIN pg_internal.user_schemas n ON n.oid = c.relnamespace WHERE c.relkind = 'm'$v$);
SELECT pg_internal.define('pg_catalog.stv_mv_info', $v$
SELECT current_database()::char(128) AS db_name, n.nspname::char(128) AS schema, c.relname::char(128) AS name, 0::bigint AS updated_upto_xid,
       'f'::char(1) AS is_stale, pg_get_userbyid(c.relowner)::char(128) AS owner_user_name, 1 AS state, 'f'::char(1) AS autorefresh,
       'f'::char(1) AS autorewrite
  FROM pg_class c JOIN pg_internal.user_schemas n ON n.oid = c.relnamespace WHERE c.relkind = 'm'$v$);
SELECT pg_internal.define('pg_catalog.svv_mv_dependency', $v$
SELECT DISTINCT current_database()::char(128) AS database_name, n.nspname::char(128) AS schema_name, c.relname::char(128) AS name,
       dn.nspname::char(128) AS dependent_schema_name, dc.relname::char(128) AS dependent_name
  FROM pg_class c JOIN pg_internal.user_schemas n ON n.oid = c.relnamespace JOIN pg_rewrite r ON r.ev_class = c.oid
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
  JOIN pg_class dc ON dc.oid = d.refobjid JOIN pg_namespace dn ON dn.oid = dc.relnamespace WHERE c.relkind = 'm'$v$);
SELECT pg_internal.define('pg_catalog.stv_mv_deps', 'SELECT database_name AS db_name, schema_name AS schema, name, dependent_schema_name AS ref_schema, dependent_name AS ref_name, database_name AS ref_database_name FROM pg_catalog.svv_mv_dependency');

-- Sessions, locks and transactions of this server.
SELECT pg_internal.define('pg_catalog.stv_sessions', $v$
SELECT backend_start AT TIME ZONE 'UTC' AS starttime, pid AS process, usename::char(50) AS user_name, datname::char(50) AS db_name, 0 AS timeout_sec
  FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'$v$);
SELECT pg_internal.define('pg_catalog.stv_recents', $v$
SELECT usesysid::integer AS userid, CASE state WHEN 'active' THEN 'Running' ELSE 'Done' END::char(20) AS status, query_start AT TIME ZONE 'UTC' AS starttime,
       (extract(epoch FROM coalesce(CASE state WHEN 'active' THEN clock_timestamp() ELSE state_change END, query_start) - query_start) * 1000000)::integer AS duration,
       usename::char(50) AS user_name, datname::char(50) AS db_name, left(query, 600)::char(600) AS query, pid
  FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'$v$);
SELECT pg_internal.define('pg_catalog.stv_inflight', $v$
SELECT usesysid::integer AS userid, 0 AS slice, 0 AS query, NULL::char(320) AS label, backend_xid::text::bigint AS xid, pid,
       query_start AT TIME ZONE 'UTC' AS starttime, left(query, 100)::char(100) AS text, 0 AS suspended, 0 AS insert_pristine, 0 AS concurrency_scaling_status
  FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND state = 'active'$v$);
SELECT pg_internal.define('pg_catalog.svv_query_inflight', 'SELECT userid, slice, query, pid, starttime, suspended, text, 0 AS sequence FROM pg_catalog.stv_inflight');
SELECT pg_internal.define('pg_catalog.stv_locks', $v$
SELECT l.relation::integer AS table_id, a.query_start AT TIME ZONE 'UTC' AS last_commit, a.query_start AT TIME ZONE 'UTC' AS last_update,
       a.usesysid::bigint AS lock_owner, l.pid::bigint AS lock_owner_pid, a.xact_start AT TIME ZONE 'UTC' AS lock_owner_start_ts,
       NULL::timestamp AS lock_owner_end_ts, l.mode::char(22) AS lock_status
  FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'relation' AND l.relation >= 16384$v$);
SELECT pg_internal.define('pg_catalog.svv_transactions', $v$
SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db, a.backend_xid::text::bigint AS xid, l.pid, a.xact_start AT TIME ZONE 'UTC' AS txn_start,
       l.mode::text AS lock_mode, l.locktype::text AS lockable_object_type, l.relation::integer AS relation, l.granted
  FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database()$v$);

-- Late-binding views: filled by the part that creates them.
CREATE TABLE IF NOT EXISTS pg_internal.late_binding_views (view oid NOT NULL, source text NOT NULL, query text NOT NULL);
ALTER TABLE pg_internal.late_binding_views DROP CONSTRAINT IF EXISTS late_binding_views_pkey;
GRANT SELECT ON pg_internal.late_binding_views TO PUBLIC;

-- The columns of a query, none if it cannot be read now.
CREATE OR REPLACE FUNCTION pg_internal.columns_of(query text) RETURNS TABLE (name name, type text, place integer) LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        EXECUTE 'CREATE TEMP VIEW lakeport_columns AS ' || query;
        SELECT json_agg(json_build_array(attname, pg_internal.type_name(atttypid, atttypmod), attnum) ORDER BY attnum)::text INTO found
          FROM pg_attribute WHERE attrelid = 'pg_temp.lakeport_columns'::regclass AND attnum > 0;
        RAISE EXCEPTION 'undo' USING ERRCODE = 'L0001';
    EXCEPTION WHEN SQLSTATE 'L0001' THEN
        NULL;
    WHEN OTHERS THEN
        RETURN;
    END;
    RETURN QUERY SELECT (value ->> 0)::name, value ->> 1, (value ->> 2)::integer FROM json_array_elements(found::json);
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE sql AS
$$ SELECT n.nspname, c.relname, k.name, k.type::varchar, k.place
     FROM pg_internal.late_binding_views v JOIN pg_class c ON c.oid = v.view JOIN pg_namespace n ON n.oid = c.relnamespace,
          pg_internal.columns_of(v.query) k $$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_get_cols(relation text) RETURNS SETOF record LANGUAGE sql STABLE AS
$$ SELECT n.nspname, c.relname, a.attname, pg_internal.type_name(a.atttypid, a.atttypmod)::varchar, a.attnum::integer
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.oid = to_regclass(relation) $$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_get_session_roles() RETURNS SETOF record LANGUAGE sql STABLE AS
$$ SELECT rolname::varchar(255), oid::integer FROM pg_roles WHERE NOT rolcanlogin AND rolname !~ '^pg_' AND pg_has_role(current_user, oid, 'MEMBER') $$;

CREATE OR REPLACE FUNCTION pg_catalog.user_is_member_of(person name, role name) RETURNS boolean LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_has_role(person, role, 'MEMBER') $$;
CREATE OR REPLACE FUNCTION pg_catalog.role_is_member_of(person name, role name) RETURNS boolean LANGUAGE sql STABLE STRICT AS
$$ SELECT pg_has_role(person, role, 'MEMBER') $$;
CREATE OR REPLACE FUNCTION pg_catalog.current_user_id() RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT oid::integer FROM pg_roles WHERE rolname = current_user $$;
CREATE OR REPLACE FUNCTION pg_catalog.current_namespace() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT '00000000-0000-0000-0000-000000000000'::text $$;
CREATE OR REPLACE FUNCTION pg_catalog.current_session_arn() RETURNS text LANGUAGE sql STABLE AS $$ SELECT NULL::text $$;
CREATE OR REPLACE FUNCTION pg_catalog.current_aws_account() RETURNS text LANGUAGE sql STABLE AS $$ SELECT '000000000000'::text $$;
CREATE OR REPLACE FUNCTION pg_catalog.slice_num() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 0 $$;

-- SHOW TABLE, SHOW VIEW and SHOW PROCEDURE write the statement that makes one.
CREATE OR REPLACE FUNCTION pg_internal.show_table(name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    found regclass := name::regclass;
    columns text;
    ending text;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = found) NOT IN ('r', 'm') THEN
        RAISE EXCEPTION '% is not a table', name USING ERRCODE = 'wrong_object_type';
    END IF;
    SELECT string_agg(format('%s %s%s%s%s%s', quote_ident(a.attname), pg_internal.type_name(a.atttypid, a.atttypmod),
                             CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                             CASE WHEN a.attidentity <> '' THEN ' identity(1,1)'
                                  ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END,
                             CASE s.encoding WHEN 'none' THEN ' ENCODE raw' ELSE ' ENCODE ' || s.encoding END,
                             CASE WHEN s.is_dist_key THEN ' distkey' ELSE '' END), E',\n    ' ORDER BY a.attnum)
      INTO columns
      FROM pg_attribute a JOIN pg_internal.stored_columns s ON s.relation = a.attrelid AND s.place = a.attnum
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = found AND a.attnum > 0 AND NOT a.attisdropped;
    SELECT format('DISTSTYLE %s%s', t.dist_style,
                  CASE WHEN t.sort_keys = '{}' THEN ''
                       ELSE CASE t.sort_style WHEN 'INTERLEAVED' THEN ' INTERLEAVED' ELSE '' END
                            || ' SORTKEY ( ' || array_to_string(t.sort_keys, ', ') || ' )' END)
      INTO ending FROM pg_internal.stored_tables t WHERE t.relation = found;
    RETURN (SELECT format(E'CREATE TABLE %I.%I (\n    %s\n)\n%s;', n.nspname, c.relname, columns, ending)
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = found);
END $$;

CREATE OR REPLACE FUNCTION pg_internal.show_view(name text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT format('CREATE %sVIEW %s AS %s', CASE relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE 'OR REPLACE ' END, name,
                 coalesce((SELECT source || ' WITH NO SCHEMA BINDING;' FROM pg_internal.late_binding_views WHERE view = c.oid), pg_get_viewdef(c.oid)))
     FROM pg_class c WHERE oid = name::regclass $$;

CREATE OR REPLACE FUNCTION pg_internal.show_procedure(name text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT pg_get_functiondef(name::regproc) $$;

SELECT pg_internal.define('pg_internal.parameters', $v$
SELECT current_database()::text AS database_name, n.nspname::text AS schema_name, p.proname::text AS routine_name,
       coalesce(p.proargnames[a.place], '') AS parameter_name, a.place::integer AS ordinal_position,
       CASE coalesce(p.proargmodes[a.place], 'i') WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' ELSE 'IN' END AS parameter_type,
       pg_internal.type_name(a.type, NULL) AS data_type, NULL::integer AS character_maximum_length, NULL::integer AS numeric_precision,
       NULL::integer AS numeric_scale
  FROM pg_proc p JOIN pg_internal.user_schemas n ON n.oid = p.pronamespace,
       unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY a (type, place)$v$);

-- A view WITH NO SCHEMA BINDING has no columns in the catalogs, as in Redshift: its row of pg_attribute is taken away.
CREATE OR REPLACE FUNCTION pg_internal.keep_late_binding(relation oid, source text, query text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
                    WHERE c.oid = relation AND c.relkind = 'v' AND r.rolname = session_user
                      AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = 'late_binding')) THEN
        RAISE EXCEPTION 'must be owner of the view' USING ERRCODE = 'insufficient_privilege';
    END IF;
    WITH gone AS (DELETE FROM pg_attribute WHERE attrelid = relation AND attnum > 0)
    UPDATE pg_class SET relnatts = 0 WHERE oid = relation AND relkind = 'v';
    DELETE FROM pg_internal.late_binding_views WHERE view = relation OR NOT EXISTS (SELECT FROM pg_class WHERE oid = view);
    INSERT INTO pg_internal.late_binding_views VALUES (relation, source, query);
END $$;

CREATE OR REPLACE FUNCTION pg_internal.late_bound(name text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT source FROM pg_internal.late_binding_views WHERE view = to_regclass(name) $$;

CREATE OR REPLACE FUNCTION pg_internal.pg_get_viewdef(view oid, pretty boolean DEFAULT false) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT format('CREATE VIEW %I AS %s WITH NO SCHEMA BINDING;', c.relname, v.source)
                      FROM pg_internal.late_binding_views v JOIN pg_class c ON c.oid = v.view WHERE v.view = $1),
                   pg_catalog.pg_get_viewdef($1, $2)) $$;
CREATE OR REPLACE FUNCTION pg_internal.pg_get_viewdef(name text, pretty boolean DEFAULT false) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT pg_internal.pg_get_viewdef(name::regclass::oid, pretty) $$;

-- A statement that reads the view itself was written before the view was made: one in a procedure, or in another view.
CREATE OR REPLACE FUNCTION pg_internal.is_read_late(name text) RETURNS boolean LANGUAGE sql VOLATILE AS
$$ SELECT pg_internal.fail(format('the late-binding view %s was made or replaced after what reads it: create that again', name)) IS NULL $$;

CREATE OR REPLACE FUNCTION pg_internal.create_late_binding_view(name text, source text, query text, replaces boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF replaces THEN
        EXECUTE format('DROP VIEW IF EXISTS %s', name);
    END IF;
    EXECUTE format('CREATE VIEW %s AS SELECT 1 AS late_binding WHERE pg_internal.is_read_late(%L)', name, name);
    PERFORM pg_internal.keep_late_binding(name::regclass, source, query);
END $$;

SELECT pg_internal.define('pg_catalog.pg_views', $v$
SELECT n.nspname AS schemaname, c.relname AS viewname, pg_get_userbyid(c.relowner) AS viewowner,
       pg_internal.pg_get_viewdef(c.oid) AS definition
  FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'$v$);
