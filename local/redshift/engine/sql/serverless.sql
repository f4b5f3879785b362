-- Only with --serverless: STL_ views are not for Serverless, and say so as they do there.

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
