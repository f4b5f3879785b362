-- Runs at every start.

-- Loads of a stand-in that was killed.
UPDATE pg_internal.loads SET status = 'aborted', ended_at = clock_timestamp() AT TIME ZONE 'UTC'
 WHERE status = 'running' AND session_id NOT IN (SELECT pid FROM pg_stat_activity);
