SELECT ARRAY_TO_STRING(c.relacl, CHR(10)) AS access_list
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema_name)s AND c.relname = %(table_name)s AND c.relacl IS NOT NULL
