-- Only with --serverless: Serverless has no STL_ views; they fail with Redshift's message.

DO $$
DECLARE
    stl regclass;
BEGIN
    FOR stl IN SELECT oid FROM pg_class
                WHERE relkind = 'v' AND relnamespace = 'pg_catalog'::regnamespace AND relname LIKE 'stl\_%'
    LOOP
        EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC', stl);
    END LOOP;
END $$;
