SELECT key, etag
FROM mng.files
WHERE bucket = %(bucket)s AND key IN %(keys)s AND version_id IS NULL
