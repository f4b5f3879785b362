SELECT MIN(details.{at}) AS oldest
FROM {details} AS details
JOIN mng.files f ON f.file_id = details.file_id
WHERE details.{at} < %(before)s AND f.status_at < %(before)s AND f.status IN ('Done', 'Filtered Out', 'Rejected')
