-- All files that one COPY loaded in one transaction.
SELECT SUM(rows_loaded) AS rows_loaded, SUM(rows_in_file) AS rows_in_file, SUM(rows_rejected) AS rows_rejected,
       COUNT(*) - 1 AS other_files, MIN(key) AS first_key
FROM mng.files
WHERE table_name = %(table_name)s AND loaded_at = %(loaded_at)s
