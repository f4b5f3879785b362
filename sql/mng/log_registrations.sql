INSERT INTO mng.status_log (file_id, to_status, moved_at, reason) VALUES %s
