-- Files that landed later than this one and whose rows this transaction has replaced.
SELECT key
FROM mng.files
WHERE table_name = %(table_name)s AND landed_at > %(landed_at)s
  AND loaded_at IN (SELECT _loaded_at FROM {kept} WHERE _replaced_at = SYSDATE)
ORDER BY landed_at DESC, key
LIMIT 1
