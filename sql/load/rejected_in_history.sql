SELECT error_count
FROM sys_load_history
WHERE session_id = %(session_id)s AND start_time >= %(started_at)s AND end_time IS NOT NULL
ORDER BY start_time
