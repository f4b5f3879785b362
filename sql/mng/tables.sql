-- The state of every file and row.  Redshift does not enforce keys: the code that writes keeps them unique.
--
-- Each table is sorted by the time at which its rows are written.  New rows come last, so nothing has to be sorted
-- again, and queries of recent rows (for snapshots, alerts, reconcile) skip the blocks of older ones.  The distribution
-- is Redshift's AUTO: a copy on each node while a table is small, then even.  No join would gain by a key, because
-- status_log and load_errors are read for the few files of a run, by their file_id.

CREATE SCHEMA IF NOT EXISTS mng;

-- One row per object version that landed.
CREATE TABLE IF NOT EXISTS mng.files (
    file_id        VARCHAR(64)   NOT NULL,  -- sha256 of bucket, key and version
    file_type      VARCHAR(64),
    bucket         VARCHAR(63)   NOT NULL,
    key            VARCHAR(1024) NOT NULL,
    version_id     VARCHAR(1024),
    etag           VARCHAR(128)  NOT NULL,
    size_bytes     BIGINT        NOT NULL,
    landed_at      TIMESTAMP     NOT NULL,
    registered_at  TIMESTAMP     NOT NULL,
    status         VARCHAR(16)   NOT NULL,  -- New | In Progress | Done | Fail | Filtered Out | Rejected
    status_reason  VARCHAR(4096),
    status_at      TIMESTAMP     NOT NULL,
    dag_id         VARCHAR(250),
    run_id         VARCHAR(250),
    try_number     INTEGER,
    table_name     VARCHAR(256),
    rows_in_file   BIGINT,
    rows_loaded    BIGINT,
    rows_rejected  BIGINT,
    loaded_at      TIMESTAMP,               -- the time of the load's transaction; every row of the load has it in _loaded_at
    query_id       BIGINT,
    archive_bucket VARCHAR(63),
    archive_key    VARCHAR(1024),
    archive_version_id VARCHAR(1024),
    rows_replaced  BIGINT,                  -- rows that the load replaced and kept for undo; empty if its table keeps none
    check_warnings VARCHAR(4096),           -- checks with else: warn that its rows do not pass, with examples
    is_older_allowed BOOLEAN,               -- whether a replay lets its rows replace rows of files that landed later
    PRIMARY KEY (file_id)
) SORTKEY (registered_at);

-- Every status change, append only.
CREATE TABLE IF NOT EXISTS mng.status_log (
    file_id     VARCHAR(64)   NOT NULL,
    from_status VARCHAR(16),
    to_status   VARCHAR(16)   NOT NULL,
    moved_at    TIMESTAMP     NOT NULL,
    run_id      VARCHAR(250),
    task_id     VARCHAR(250),
    reason      VARCHAR(4096),
    is_alerted  BOOLEAN                     -- whether an alert names this change; FALSE: one is owed
) SORTKEY (moved_at);

-- Every rejected row, kept forever.
CREATE TABLE IF NOT EXISTS mng.load_errors (
    file_id      VARCHAR(64)    NOT NULL,
    run_id       VARCHAR(250)   NOT NULL,
    line_number  BIGINT         NOT NULL,
    column_name  VARCHAR(127),
    column_type  VARCHAR(16),
    position     INTEGER,
    error_code   INTEGER,
    error_reason VARCHAR(512),
    raw_value    VARCHAR(1024),
    raw_line     VARCHAR(65535),
    logged_at    TIMESTAMP      NOT NULL
) SORTKEY (logged_at);

-- The error of a failed task, written by the task itself for the alert of its run.
CREATE TABLE IF NOT EXISTS mng.task_errors (
    dag_id     VARCHAR(250)  NOT NULL,
    run_id     VARCHAR(250)  NOT NULL,
    task_id    VARCHAR(250)  NOT NULL,
    try_number INTEGER       NOT NULL,
    error      VARCHAR(16384) NOT NULL,
    log_url    VARCHAR(2048),
    failed_at  TIMESTAMP     NOT NULL,
    is_refusal BOOLEAN,                     -- the step had nothing to do, and no file failed by it
    family     VARCHAR(32)                  -- which entry of the runbook helps
) SORTKEY (failed_at);

-- One row per alert of a run and channel; sent_at is empty until the channel has accepted it.
CREATE TABLE IF NOT EXISTS mng.alerts (
    dag_id     VARCHAR(250)   NOT NULL,
    run_id     VARCHAR(250)   NOT NULL,
    raised_at  TIMESTAMP      NOT NULL,
    sent_at    TIMESTAMP,
    message    VARCHAR(65535),            -- the alert and its recipients, as JSON
    held_by    VARCHAR(64),               -- the process that is sending it
    held_until TIMESTAMP,                 -- when that process counts as dead
    channel    VARCHAR(16)                -- slack, email, or none if the alert has no receivers
) SORTKEY (raised_at);
