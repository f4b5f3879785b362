-- The newest loaded file of the type that landed after this one, unless a replay lets this one replace newer rows.
SELECT newer.key
FROM mng.files late
JOIN mng.files newer ON newer.file_type = late.file_type
WHERE late.file_id = %(file_id)s
  AND ((late.status = 'New' AND NOT COALESCE(late.is_older_allowed, FALSE))
       OR (late.status = 'Filtered Out' AND late.dag_id = %(dag_id)s AND late.run_id = %(run_id)s))
  AND newer.table_name = %(table_name)s AND newer.landed_at > late.landed_at AND newer.loaded_at IS NOT NULL
ORDER BY newer.landed_at DESC
LIMIT 1
