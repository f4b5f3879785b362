-- An earlier attempt of the same run may have recorded them before it was killed.
DELETE FROM mng.load_errors
WHERE file_id IN %(file_ids)s AND run_id = %(run_id)s
