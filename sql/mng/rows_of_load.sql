-- Of all files that were loaded in one transaction, by one COPY.
SELECT SUM(rows_loaded), SUM(rows_in_file), SUM(rows_rejected), COUNT(*) - 1, MIN(key)
FROM mng.files
WHERE table_name = %(table_name)s AND loaded_at = %(loaded_at)s
