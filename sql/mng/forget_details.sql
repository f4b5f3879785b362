-- {at} is the sort key, so that only the blocks of these times are read.
DELETE FROM {details}
USING mng.files
WHERE {details}.file_id = mng.files.file_id AND {details}.{at} < %(until)s
  AND mng.files.status_at < %(before)s AND mng.files.status IN ('Done', 'Filtered Out', 'Rejected')
