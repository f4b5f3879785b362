-- Views of machinery that one server has not: slices, steps, queues, data shares, Spectrum.  They have Redshift's columns
-- and no rows.

DO $$
DECLARE
    line text;
    name text;
    columns text;
BEGIN
    FOREACH line IN ARRAY string_to_array($list$
stl_aggr: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, slots int, occupied int, maxlength int, tbl int, is_diskbased char(1), workmem bigint, type char(6), resizes int, flushable int
stl_alert_event_log: userid int, query int, slice int, segment int, step int, pid int, xid bigint, event char(1024), solution char(1024), event_time timestamp
stl_analyze: userid int, xid bigint, database char(30), table_id int, status char(15), rows float8, modified_rows float8, threshold_percent int, is_auto char(1), starttime timestamp, endtime timestamp, prevtime timestamp, num_predicate_cols int, num_new_predicate_cols int, is_background char(1), auto_analyze_phase char(100), schema_name char(128), table_name char(136)
stl_analyze_compression: userid int, start_time timestamp, xid bigint, tbl int, tablename char(128), col int, old_encoding char(15), new_encoding char(15), mode char(14), best_compression_encoding char(15), recommended_bytes float8, error_percent int
stl_bcast: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, packets int
stl_commit_stats: xid bigint, node int, startqueue timestamp, startwork timestamp, endflush timestamp, endstage timestamp, endlocal timestamp, startglobal timestamp, endtime timestamp, queuelen bigint, permblocks bigint, newblocks bigint, dirtyblocks bigint, headers bigint, numxids int, oldestxid bigint, extwritelatency bigint, metadatawritten int, tombstonedblocks bigint, tossedblocks bigint, batched_by bigint
stl_connection_log: event char(50), recordtime timestamp, remotehost char(45), remoteport char(32), pid int, dbname char(50), username char(50), authmethod char(32), duration bigint, sslversion char(50), sslcipher char(128), mtu int, sslcompression char(64), sslexpansion char(64), iamauthguid char(36), application_name char(250), os_version char(64), driver_version char(64), plugin_name char(32), protocol_version int, sessionid char(36), compression char(8)
stl_delete: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, tbl int
stl_disk_full_diag: currenttime bigint, node_num bigint, query_id bigint, temp_blocks bigint
stl_dist: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, packets int
stl_error: userid int, process char(12), recordtime timestamp, pid int, errcode int, file char(90), linenum int, context char(100), error char(512)
stl_explain: userid int, query int, nodeid int, parentid int, plannode char(400), info char(400)
stl_hash: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, slots int, occupied int, maxlength int, tbl int, is_diskbased char(1), workmem bigint, num_parts int, est_rows bigint, num_blocks_permitted int, resizes int, checksum bigint, runtime_filter_size int, max_runtime_filter_size int
stl_hashjoin: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, tbl int, num_parts int, join_type int, hash_looped char(1), switched_parts char(1), used_prefetching char(1), hash_segment int, hash_step int, checksum bigint, distribution int
stl_insert: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, tbl int, inserted_mega_value char(1), use_staging_table char(1)
stl_limit: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, checksum bigint
stl_merge: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint
stl_mergejoin: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, tbl int, checksum bigint
stl_mv_state: userid int, starttime timestamp, xid bigint, event_desc char(500), db_name char(128), base_table_schema char(128), base_table_name char(128), mv_schema char(128), mv_name char(128), state char(32)
stl_nestloop: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, tbl int, checksum bigint
stl_parse: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint
stl_plan_info: userid int, query int, nodeid int, segment int, step int, locus int, plannode int, startupcost float8, totalcost float8, rows bigint, bytes bigint
stl_project: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, checksum bigint
stl_query_metrics: userid int, service_class int, query int, segment int, step_type int, starttime timestamp, slices int, max_rows bigint, rows bigint, max_cpu_time bigint, cpu_time bigint, max_blocks_read int, blocks_read bigint, max_run_time bigint, run_time bigint, max_blocks_to_disk bigint, blocks_to_disk bigint, step int, max_query_scan_size bigint, query_scan_size bigint, query_priority int, query_queue_time bigint, service_class_name char(64)
stl_restarted_sessions: currenttime timestamp, dbname char(50), newpid int, oldpid int, username char(50), remotehost char(45), remoteport char(32), parkedtime timestamp, session_vars char(2000)
stl_return: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, packets int, checksum bigint
stl_s3client: userid int, query int, slice int, recordtime timestamp, pid int, http_method char(64), bucket char(64), key char(256), transfer_size bigint, data_size bigint, start_time bigint, end_time bigint, transfer_time bigint, compression_time bigint, connect_time bigint, app_connect_time bigint, retries bigint, request_id char(32), extended_request_id char(128), ip_address char(64), is_partial int, start_offset bigint
stl_s3client_error: userid int, query int, sliceid int, recordtime timestamp, pid int, http_method char(64), bucket char(64), key char(256), error char(1024), is_partial int, start_offset bigint
stl_save: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, tbl int, is_diskbased char(1), workmem bigint
stl_scan: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, fetches bigint, type int, tbl int, is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint, rows_pre_user_filter bigint, perm_table_name char(136), is_rlf_scan char(1), is_rlf_scan_reason int, num_em_blocks int, checksum bigint, runtime_filtering char(1), scan_region int, num_sortkey_as_predicate int, row_fetcher_state int, consumed_scan_ranges bigint, work_stealing_reason bigint, is_vectorized_scan char(1), is_vectorized_scan_reason int, row_fetcher_reason bigint, topology_signature bigint, use_tpm_partition char(1), is_rrscan_expr char(1)
stl_schema_quota_violations: ownerid int, xid bigint, pid int, userid int, schema_id int, schema_name char(128), quota int, disk_usage int, timestamp timestamp
stl_sort: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, bytes bigint, tbl int, is_diskbased char(1), workmem bigint, checksum bigint
stl_sshclient_error: userid int, query int, slice int, recordtime timestamp, pid int, ssh_username char(1024), endpoint char(1024), command char(4096), error char(1024)
stl_stream_segs: userid int, query int, stream int, segment int
stl_tr_conflict: xact_id bigint, process_id bigint, xact_start_ts timestamp, abort_time timestamp, table_id bigint
stl_undone: userid int, xact_id bigint, xact_id_undone bigint, undo_start_ts timestamp, undo_end_ts timestamp, table_id bigint
stl_unique: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, is_diskbased char(1), slots int, workmem bigint, max_buffers_used bigint, type char(6)
stl_unload_log: userid int, query int, slice int, pid int, path char(1280), start_time timestamp, end_time timestamp, line_count bigint, transfer_size bigint, file_format char(10)
stl_usage_control: eventtime timestamp, query int, xid bigint, pid int, usage_limit_id char(40), feature_type char(30)
stl_userlog: userid int, username char(50), oldusername char(50), action char(10), usecreatedb int, usesuper int, usecatupd int, valuntil timestamp, pid int, xid bigint, recordtime timestamp
stl_vacuum: userid int, xid bigint, table_id int, status char(30), rows bigint, sortedrows int, blocks int, max_merge_partitions int, eventtime timestamp, reclaimable_rows bigint, reclaimable_space_mb bigint, cutoff_xid bigint, is_recluster int
stl_window: userid int, query int, slice int, segment int, step int, starttime timestamp, endtime timestamp, tasknum int, rows bigint, is_diskbased char(1), workmem bigint
stl_wlm_error: userid int, recordtime timestamp, pid int, error_string char(256)
stl_wlm_query: userid int, xid bigint, task int, query int, service_class int, slot_count int, service_class_start_time timestamp, queue_start_time timestamp, queue_end_time timestamp, total_queue_time bigint, exec_start_time timestamp, exec_end_time timestamp, total_exec_time bigint, service_class_end_time timestamp, final_state char(16), est_peak_mem bigint, query_priority char(20), service_class_name char(64)
stl_wlm_rule_action: userid int, query int, service_class int, rule char(256), action char(256), recordtime timestamp, action_value char(256), service_class_name char(64)
stv_active_cursors: userid int, name char(256), xid bigint, pid int, starttime timestamp, row_count bigint, byte_count bigint, fetched_rows bigint
stv_blocklist: slice int, col int, tbl int, blocknum int, num_values int, extended_limits int, minvalue bigint, maxvalue bigint, sb_pos int, pinned int, on_disk int, modified int, hdr_modified int, unsorted int, tombstone int, preferred_diskno int, temporary int, newblock int, num_readers int, flags int
stv_cursor_configuration: current_cursor_count int, max_diskspace_usable int, current_diskspace_used int
stv_exec_state: userid int, query int, slice int, segment int, step int, starttime timestamp, currenttime timestamp, tasknum int, rows bigint, bytes bigint, label char(256), is_diskbased char(1), workmem bigint, num_parts int, is_rrscan char(1), is_delayed_scan char(1)
stv_load_state: userid int, session int, query int, slice int, pid int, recordtime timestamp, bytes_to_load bigint, bytes_loaded bigint, bytes_to_load_compressed bigint, bytes_loaded_compressed bigint, lines int, num_files int, num_files_complete int, current_file char(256), pct_complete int
stv_ml_model_info: schema_name char(128), user_name char(128), model_name char(128), life_cycle char(20), is_refreshable int, model_state char(128)
stv_node_storage_capacity: node int, used int, capacity int
stv_null_configuration: name char(64)
stv_partitions: owner int, host int, diskno int, part_begin bigint, part_end bigint, used int, tossed int, capacity int, reads bigint, writes bigint, seek_forward int, seek_back int, is_san int, failed int, mbps int, mount char(256)
stv_query_metrics: userid int, service_class int, query int, segment int, step_type int, starttime timestamp, slices int, max_rows bigint, rows bigint, max_cpu_time bigint, cpu_time bigint, max_blocks_read int, blocks_read bigint, max_run_time bigint, run_time bigint, max_blocks_to_disk bigint, blocks_to_disk bigint, step int, max_query_scan_size bigint, query_scan_size bigint, query_priority int, query_queue_time bigint, service_class_name char(64)
stv_startup_recovery_state: db_id int, table_id int, table_name char(137)
stv_tbl_perm: slice int, id int, name char(72), rows bigint, sorted_rows bigint, temp int, db_id int, insert_pristine int, delete_pristine int, backup int, dist_style int, block_count int
stv_tbl_trans: slice int, id int, rows bigint, size bigint, query_id bigint, ref_cnt int, from_suspended int, prep_swap int
stv_wlm_classification_config: id int, condition char(128), action_seq int, action char(64), action_service_class int
stv_wlm_qmr_config: service_class int, rule_name char(256), action char(256), metric_name char(256), metric_operator char(256), metric_value float8, action_value char(256)
stv_wlm_query_queue_state: service_class int, position int, task int, query int, slot_count int, start_time timestamp, queue_time bigint
stv_wlm_query_state: xid int, task int, query int, service_class int, slot_count int, wlm_start_time timestamp, state char(16), queue_time bigint, exec_time bigint, query_priority char(20)
stv_wlm_query_task_state: service_class int, task int, query int, level int, start_time timestamp, exec_time bigint
stv_wlm_service_class_config: service_class int, queueing_strategy char(32), num_query_tasks int, target_num_query_tasks int, evictable char(8), eviction_threshold bigint, query_working_mem int, target_query_working_mem int, min_step_mem int, name char(64), max_execution_time bigint, user_group_wild_card boolean, query_group_wild_card boolean, concurrency_scaling char(20), query_priority char(20), user_role_wild_card boolean
stv_wlm_service_class_state: service_class int, num_queued_queries int, num_executing_queries int, num_serviced_queries int, num_executed_queries int, query_working_mem int, num_query_tasks int, target_num_query_tasks int, num_concurrency_scaling_queries int
stv_xrestore_alter_queue_state: userid int, db_id int, schema char(128), table_name char(128), table_id int, status char(64), record_time timestamp
svcs_alert_event_log: userid int, query int, segment int, step int, pid int, xid bigint, event char(1024), solution char(1024), event_time timestamp
svcs_compile: userid int, xid bigint, pid int, query int, segment int, locus int, starttime timestamp, endtime timestamp, compile int
svcs_concurrency_scaling_usage: start_time timestamp, end_time timestamp, queries bigint, usage_in_seconds numeric(27,0)
svcs_explain: userid int, query int, nodeid int, parentid int, plannode char(400), info char(400)
svcs_plan_info: userid int, query int, nodeid int, segment int, step int, locus int, plannode int, startupcost float8, totalcost float8, rows bigint, bytes bigint
svcs_query_summary: userid int, query int, stm int, seg int, step int, maxtime bigint, avgtime bigint, rows bigint, bytes bigint, rate_row float8, rate_byte float8, label text, is_diskbased char(1), workmem bigint, is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint
svcs_s3list: query int, segment int, node int, slice int, eventtime timestamp, bucket text, prefix text, recursive char(1), retrieved_files int, max_file_size bigint, avg_file_size float8, generated_splits int, avg_split_length float8, duration bigint
svcs_s3log: query int, segment int, step int, node int, slice int, eventtime timestamp, message text
svcs_s3partition_summary: query int, segment int, assignment char(1), min_starttime timestamp, max_endtime timestamp, min_duration bigint, max_duration bigint, avg_duration bigint, total_partitions int, qualified_partitions int, min_assigned_partitions int, max_assigned_partitions int, avg_assigned_partitions bigint
svcs_s3query_summary: userid int, query int, xid bigint, pid int, segment int, step int, starttime timestamp, endtime timestamp, elapsed bigint, aborted int, external_table_name char(136), file_format char(16), is_partitioned char(1), is_rrscan char(1), is_nested char(1), s3_scanned_rows bigint, s3_scanned_bytes bigint, s3query_returned_rows bigint, s3query_returned_bytes bigint, files int, files_max int, files_avg int, splits bigint, splits_max int, splits_avg int, total_split_size bigint, max_split_size bigint, avg_split_size bigint, total_retries int, max_retries int, max_request_duration int, avg_request_duration float8, max_request_parallelism int, avg_request_parallelism float8, total_slowdown_count int, max_slowdown_count int
svcs_stream_segs: userid int, query int, stream int, segment int
svcs_unload_log: userid int, query int, pid int, path char(1280), start_time timestamp, end_time timestamp, line_count bigint, transfer_size bigint, file_format char(10)
svl_auto_worker_action: type char(64), table_id int, status char(128), eventtime timestamp, sequence int, previous_state char(200)
svl_compile: userid int, xid bigint, pid int, query int, segment int, locus int, starttime timestamp, endtime timestamp, compile int
svl_datashare_change_log: userid int, username char(128), pid int, xid bigint, share_id int, share_name char(128), source_database_id int, source_database_name char(128), consumer_database_id int, consumer_database_name char(128), recordtime timestamp, action char(128), status int, share_object_type char(64), share_object_id int, share_object_name char(128), target_user_type char(16), target_userid int, target_username char(128), consumer_account char(16), consumer_namespace char(64), producer_account char(16), producer_namespace char(64), attribute_name char(64), attribute_value char(128), message char(512)
svl_datashare_cross_region_usage: query int, segment int, transferred_bytes bigint
svl_datashare_usage_consumer: userid int, pid int, xid bigint, request_id char(50), request_type char(25), transaction_uid char(50), recordtime timestamp, status int, error char(512)
svl_datashare_usage_producer: share_id int, share_name char(128), request_id char(50), request_type char(25), object_type char(64), object_oid int, object_name char(128), consumer_account char(16), consumer_namespace char(64), consumer_transaction_uid char(50), recordtime timestamp, status int, error char(512), consumer_region char(64)
svl_spectrum_scan_error: userid int, query int, location char(256), rowid char(2100), colname char(127), original_value char(1024), modified_value char(1024), trigger char(10), action char(24), action_value char(127), error_code int
svl_federated_query: userid int, xid bigint, pid int, query int, sourcetype char(32), recordtime timestamp, querytext char(4000), num_rows bigint, num_bytes bigint, duration bigint
svl_multi_statement_violations: userid int, database char(32), cmdname char(30), xid bigint, pid int, label char(320), starttime timestamp, endtime timestamp, sequence int, type char(10), text char(200)
svl_mv_refresh_status: db_name char(128), userid bigint, schema_name char(128), mv_name char(128), xid bigint, starttime timestamp, endtime timestamp, status text, refresh_type char(32)
svl_query_metrics: userid int, query int, service_class int, dimension char(24), segment int, step int, step_label char(30), query_cpu_time bigint, query_blocks_read bigint, query_execution_time bigint, query_cpu_usage_percent numeric(38,2), query_temp_blocks_to_disk bigint, segment_execution_time bigint, cpu_skew numeric(38,2), io_skew numeric(38,2), scan_row_count bigint, join_row_count bigint, nested_loop_join_row_count bigint, return_row_count bigint, spectrum_scan_row_count bigint, spectrum_scan_size_mb bigint, query_queue_time bigint
svl_query_metrics_summary: userid int, query int, service_class int, query_cpu_time bigint, query_blocks_read bigint, query_execution_time bigint, query_cpu_usage_percent numeric(38,2), query_temp_blocks_to_disk bigint, segment_execution_time bigint, cpu_skew numeric(38,2), io_skew numeric(38,2), scan_row_count bigint, join_row_count bigint, nested_loop_join_row_count bigint, return_row_count bigint, spectrum_scan_row_count bigint, spectrum_scan_size_mb bigint, query_queue_time bigint, service_class_name char(64)
svl_query_queue_info: database text, query int, xid bigint, userid int, querytxt text, queue_start_time timestamp, exec_start_time timestamp, service_class int, slots int, queue_elapsed bigint, exec_elapsed bigint, wlm_total_elapsed bigint, commit_queue_elapsed bigint, commit_exec_time bigint, service_class_name char(64)
svl_query_report: userid int, query int, slice int, segment int, step int, start_time timestamp, end_time timestamp, elapsed_time bigint, rows bigint, bytes bigint, label char(256), is_diskbased char(1), workmem bigint, is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint
svl_query_summary: userid int, query int, stm int, seg int, step int, maxtime bigint, avgtime bigint, rows bigint, bytes bigint, rate_row float8, rate_byte float8, label text, is_diskbased char(1), workmem bigint, is_rrscan char(1), is_delayed_scan char(1), rows_pre_filter bigint
svl_restore_alter_table_progress: tbl int, progress text, message text
svl_s3catalog: query int, segment int, node int, slice int, eventtime timestamp, call text, objects int, duration int
svl_s3list: query int, segment int, node int, slice int, eventtime timestamp, bucket text, prefix text, recursive char(1), retrieved_files int, max_file_size bigint, avg_file_size float8, generated_splits int, avg_split_length float8, duration bigint
svl_s3log: pid int, query int, segment int, step int, node int, slice int, eventtime timestamp, message text
svl_s3partition: query int, segment int, node int, slice int, starttime timestamp, endtime timestamp, duration bigint, total_partitions int, qualified_partitions int, assigned_partitions int, assignment char(1)
svl_s3partition_summary: query int, segment int, assignment char(1), min_starttime timestamp, max_endtime timestamp, min_duration bigint, max_duration bigint, avg_duration bigint, total_partitions int, qualified_partitions int, min_assigned_partitions int, max_assigned_partitions int, avg_assigned_partitions bigint
svl_s3query: userid int, query int, segment int, step int, node int, slice int, starttime timestamp, endtime timestamp, elapsed bigint, external_table_name char(136), file_format char(16), is_partitioned char(1), is_rrscan char(1), s3_scanned_rows bigint, s3_scanned_bytes bigint, s3query_returned_rows bigint, s3query_returned_bytes bigint, files int, splits int, total_split_size bigint, max_split_size bigint, total_retries int, max_retries int, max_request_duration int, avg_request_duration float8, max_request_parallelism int, avg_request_parallelism float8
svl_s3query_summary: userid int, query int, xid bigint, pid int, segment int, step int, starttime timestamp, endtime timestamp, elapsed bigint, aborted int, external_table_name char(136), file_format char(16), is_partitioned char(1), is_rrscan char(1), is_nested char(1), s3_scanned_rows bigint, s3_scanned_bytes bigint, s3query_returned_rows bigint, s3query_returned_bytes bigint, files int, files_max int, files_avg int, splits bigint, splits_max int, splits_avg int, total_split_size bigint, max_split_size bigint, avg_split_size bigint, total_retries int, max_retries int, max_request_duration int, avg_request_duration float8, max_request_parallelism int, avg_request_parallelism float8
svl_s3retries: query int, segment int, node int, slice int, eventtime timestamp, retries int, successful_fetches int, file_size bigint, location text, message text
svl_spatial_simplify: query int, line_number int, maximum_tolerance float8, initial_size int, simplified char(1), final_size int, final_tolerance float8
svl_stored_proc_call: userid int, session_userid int, query int, label char(320), xid bigint, pid int, database char(32), querytxt char(4000), starttime timestamp, endtime timestamp, aborted int, from_sp_call int
svl_stored_proc_messages: userid int, session_userid int, pid int, xid bigint, query int, recordtime timestamp, loglevel int, loglevel_text char(10), message char(1024), linenum int, querytxt char(500), label char(320), aborted int, message_xid bigint
svl_terminate: pid int, eventtime timestamp, userid int, type char(10)
svl_udf_log: query bigint, message char(4096), created timestamp, traceback char(4096), funcname char(256), node int, slice int, seq int
svl_vacuum_percentage: xid bigint, table_id int, percentage bigint
svv_alter_table_recommendations: type char(30), database char(128), table_id int, group_id int, ddl char(1024), auto_eligible char(1)
svv_attached_masking_policy: policy_name text, schema_name text, table_name text, table_type text, grantor text, grantee text, grantee_type text, priority int, input_columns text, output_columns text
svv_copy_job_integrations: name text, bucket text
svv_datashares: share_name varchar(128), share_id int, share_owner int, source_database varchar(128), consumer_database varchar(128), share_type varchar(8), createdate timestamp, is_publicaccessible boolean, share_acl varchar(256), producer_account varchar(16), producer_namespace varchar(64), managed_by varchar(64)
svv_datashare_consumers: share_name text, consumer_account text, consumer_namespace text, share_date timestamp
svv_datashare_objects: share_type varchar(8), share_name varchar(128), object_type varchar(64), object_name varchar(512), producer_account varchar(16), producer_namespace varchar(64), include_new boolean
svv_datashare_privileges: datashare_name text, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option boolean
svv_diskusage: db_id int, name char(72), slice int, col int, tbl int, blocknum int, num_values int, minvalue bigint, maxvalue bigint, sb_pos int, pinned int, on_disk int, modified int, hdr_modified int, unsorted int, tombstone int, preferred_diskno int, temporary int, newblock int
svv_external_columns: redshift_database_name text, schemaname text, tablename text, columnname text, external_type text, columnnum int, part_key int, is_nullable text
svv_external_databases: eskind int, databasename text, esoptions text
svv_external_partitions: schemaname text, tablename text, values text, location text, input_format text, output_format text, serialization_lib text, serde_parameters text, compressed int, parameters text
svv_external_schemas: esoid oid, eskind smallint, schemaname name, esowner int, databasename text, esoptions text
svv_external_tables: redshift_database_name text, schemaname text, tablename text, tabletype text, location text, input_format text, output_format text, serialization_lib text, serde_parameters text, compressed int, parameters text
svv_iam_privileges: iam_arn text, command_type text, identity_type text, identity_name text
svv_identity_providers: uid int, name text, type text, instanceid text, namespc text, params text, enabled boolean
svv_integration: integration_id char(128), target_database char(128), source char(128), state char(128), current_lag bigint, last_replicated_checkpoint char(128), total_tables_replicated int, total_tables_failed int, creation_time timestamp, refresh_interval int
svv_integration_table_state: integration_id char(128), target_database char(128), schema_name char(128), table_name char(128), table_state char(128), table_last_replicated_checkpoint char(128), reason char(256), last_updated_timestamp timestamp, table_rows bigint, table_size bigint
svv_interleaved_columns: tbl int, col int, interleaved_skew numeric(19,2), last_reindex timestamp
svv_masking_policy: policy_database text, policy_name text, input_columns text, policy_expression text, policy_modified_by text, policy_modified_time timestamp
svv_ml_model_info: schema_name char(128), user_name char(128), model_name char(128), life_cycle char(20), is_refreshable int, model_state char(128)
svv_ml_model_privileges: namespace_name text, model_name text, model_version int, privilege_type text, identity_id int, identity_name text, identity_type text, admin_option boolean
svv_query_state: userid int, query int, seg int, step int, maxtime bigint, avgtime bigint, rows bigint, bytes bigint, cpu bigint, memory bigint, rate_row float8, rate_byte float8, label char(25), is_diskbased char(1), workmem bigint, num_parts int, is_rrscan char(1), is_delayed_scan char(1)
svv_redshift_table_partitions: database_name text, schema_name text, table_name text, partition text
svv_rls_applied_policy: username text, query bigint, xid bigint, pid int, recordtime timestamp, command char(1), datname text, relschema text, relname text, polname text, poldefault char(1)
svv_rls_attached_policy: relschema text, relname text, relkind text, polname text, grantor text, grantee text, granteekind text, is_pol_on boolean, is_rls_on boolean, rls_conjunction_type text
svv_rls_policy: poldb text, polname text, polalias text, polatts text, polqual text, polenabled boolean, polmodifiedby text, polmodifiedtime timestamp
svv_rls_relation: datname text, relschema text, relname text, relkind text, is_rls_on boolean, is_rls_datashare_on boolean, rls_conjunction_type text
svv_schema_quota_state: schema_id int, schema_name text, schema_owner int, quota int, disk_usage int, disk_usage_pct float8
svv_sem_usage: semantic text
svv_system_privileges: system_privilege text, identity_id int, identity_name text, identity_type text
svv_vacuum_progress: table_name text, status text, time_remaining_estimate text
svv_vacuum_summary: table_name text, xid bigint, sort_partitions bigint, merge_increments bigint, elapsed_time bigint, row_delta bigint, sortedrow_delta bigint, block_delta bigint, max_merge_partitions int
sys_analyze_compression_history: user_id int, start_time timestamp, transaction_id bigint, table_id int, table_name char(128), column_position int, old_encoding char(15), new_encoding char(15), mode char(14)
sys_analyze_history: user_id int, transaction_id bigint, query_id bigint, database_name char(128), table_id int, table_name char(128), schema_name char(128), status char(15), rows float8, modified_rows float8, threshold_percent int, is_auto char(1), start_time timestamp, end_time timestamp, prev_analyzed_time timestamp, num_predicate_cols int, num_new_predicate_cols int, is_background char(1), auto_analyze_phase char(100)
sys_applied_masking_policy_log: policy_name text, user_id int, record_time timestamp, session_id int, transaction_id bigint, query_id bigint, database_name text, relation_name text, schema_name text, relation_kind text
sys_auto_table_optimization: alter_table_type char(30), status char(128), event_time timestamp, alter_from char(200), database_name char(128), table_id int, table_name char(128)
sys_automatic_optimization: user_id int, query_id bigint, type text
sys_child_query_text: user_id int, query_id bigint, child_query_sequence int, sequence int, text char(200)
sys_connection_log: event char(50), record_time timestamp, remote_host char(45), remote_port char(32), session_id int, database_name char(50), user_name char(50), auth_method char(32), duration bigint, ssl_version char(50), ssl_cipher char(128), mtu int, ssl_compression char(64), ssl_expansion char(64), iam_auth_guid char(36), application_name char(250), driver_version char(64), os_version char(64), plugin_name char(32), protocol_version int, global_session_id char(36)
sys_copy_job: job_id bigint, job_name char(128), job_owner int, data_source char(512), copy_query char(16384), iam_role char(128), auto_on int, create_time timestamp, is_event_integration int
sys_copy_job_detail: job_id bigint, file_name char(256), file_status char(64)
sys_copy_job_info: job_id bigint, job_name char(128), message char(512)
sys_datashare_change_log: user_id int, user_name char(128), session_id int, transaction_id bigint, share_id int, share_name char(128), source_database_id int, source_database_name char(128), consumer_database_id int, consumer_database_name char(128), arn char(192), record_time timestamp, action char(128), status int, share_object_type char(64), share_object_id int, share_object_name char(128), target_user_type char(16), target_user_id int, target_user_name char(128), consumer_account char(16), consumer_namespace char(64), producer_account char(16), producer_namespace char(64), attribute_name char(64), attribute_value char(128), message char(512)
sys_datashare_cross_region_usage: query_id bigint, segment int, transferred_bytes bigint
sys_datashare_usage_consumer: user_id int, session_id int, transaction_id bigint, request_id char(50), request_type char(25), transaction_uid char(50), record_time timestamp, status int, error_message char(512)
sys_datashare_usage_producer: share_id int, share_name char(128), request_id char(50), request_type char(25), object_type char(64), object_oid int, object_name char(128), consumer_account char(16), consumer_namespace char(64), consumer_transaction_uid char(50), record_time timestamp, status int, error_message char(512), consumer_region char(64)
sys_external_query_detail: user_id int, query_id bigint, child_query_sequence int, transaction_id bigint, segment_id int, source_type char(32), start_time timestamp, end_time timestamp, duration bigint, total_partitions int, qualified_partitions int, scanned_files bigint, returned_rows bigint, returned_bytes bigint, file_format char(16), file_location char(256), external_query_text char(4000), warning_message char(4000), table_name char(128), is_recursive char(1), is_nested char(1), s3list_time bigint, get_partition_time bigint
sys_external_query_error: user_id int, query_id bigint, file_location char(256), rowid char(256), column_name char(128), original_value char(256), modified_value char(256), trigger text, action text, action_value text, error_code int
sys_integration_activity: integration_id char(128), target_database char(128), source char(128), checkpoint_name char(128), checkpoint_type char(128), checkpoint_bytes bigint, last_commit_timestamp timestamp, modified_tables int, integration_start_time timestamp, integration_end_time timestamp
sys_integration_table_activity: integration_id char(128), schema_name char(128), table_name char(128)
sys_integration_table_state_change: integration_id char(128), database_name char(128), schema_name char(128), table_name char(128), new_state char(128), table_last_replicated_checkpoint char(128), state_change_reason char(256), record_time timestamp
sys_mv_refresh_history: user_id int, session_user_id int, database_name char(128), schema_name char(128), mv_name char(128), mv_id int, refresh_type char(32), status text, start_time timestamp, end_time timestamp, duration bigint, transaction_id bigint, query_id bigint, consumer_account char(16), consumer_region char(32), consumer_namespace char(64)
sys_mv_state: user_id int, start_time timestamp, transaction_id bigint, event_desc char(500), database_name char(128), schema_name char(128), table_name char(128), mv_schema_name char(128), mv_name char(128), state char(32)
sys_procedure_call: session_user_id int, user_id int, query_id bigint, query_label char(320), transaction_id bigint, session_id int, database_name char(128), query_text char(4000), start_time timestamp, end_time timestamp, status char(10), caller_procedure_query_id bigint
sys_procedure_messages: session_user_id int, user_id int, transaction_id bigint, query_id bigint, session_id int, record_time timestamp, log_level char(10), message char(1024), line_number int
sys_query_detail: user_id int, query_id bigint, child_query_sequence int, stream_id int, segment_id int, step_id int, step_name text, table_id int, table_name char(136), is_rrscan char(1), start_time timestamp, end_time timestamp, duration bigint, alert text, input_bytes bigint, input_rows bigint, output_bytes bigint, output_rows bigint, blocks_read bigint, blocks_write bigint, local_read_io bigint, remote_read_io bigint, source text, data_skewness int, time_skewness int, is_active char(1), spilled_block_local_disk bigint, spilled_block_remote_disk bigint, step_attribute text
sys_query_explain: user_id int, query_id bigint, child_query_sequence int, plan_node_id int, plan_parent_id int, plan_node text, plan_info text
sys_restore_log: database_name text, schema_name text, table_name text, table_id int, action text, total_mb bigint, delta_mb bigint, redistribution_type text, event_time timestamp
sys_restore_state: user_id int, database_name char(128), schema_name char(128), table_name char(128), table_id int, redistribution_status char(64), percentage_complete numeric, redistribution_type text
sys_schema_quota_violations: owner_id int, user_id int, transaction_id bigint, session_id int, schema_id int, schema_name char(128), quota int, disk_usage int, record_time timestamp
sys_serverless_usage: start_time timestamp, end_time timestamp, compute_seconds float8, compute_capacity float8, data_storage int, cross_region_transferred_data int, charged_seconds int
sys_session_history: user_id int, user_name char(50), database_name char(50), session_id int, start_time timestamp, end_time timestamp, status char(20), session_timeout int
sys_spatial_simplify: query_id bigint, line_number int, maximum_tolerance float8, initial_size int, simplified char(1), final_size int, final_tolerance float8
sys_stream_scan_errors: external_schema_name char(128), stream_name char(255), mv_name char(128), transaction_id bigint, query_id bigint, record_time timestamp, partition_id char(128), position char(128), error_code int, error_reason char(256)
sys_stream_scan_states: external_schema_name char(128), stream_name char(255), mv_name char(128), transaction_id bigint, query_id bigint, record_time timestamp, partition_id char(128), latest_position char(128), scanned_rows bigint, skipped_rows bigint, scanned_bytes bigint, stream_record_time_min timestamp, stream_record_time_max timestamp
sys_transaction_history: user_id int, transaction_id bigint, isolation_level text, status text, transaction_start_time timestamp, commit_start_time timestamp, commit_end_time timestamp, blocks_committed bigint, undo_start_time timestamp, undo_end_time timestamp
sys_udf_log: query_id bigint, message char(4096), record_time timestamp, traceback char(4096), funcname char(256), sequence int
sys_unload_detail: user_id int, query_id bigint, file_name char(1280), start_time timestamp, end_time timestamp, unloaded_rows bigint, unloaded_bytes bigint, file_format char(10)
sys_unload_history: user_id int, query_id bigint, transaction_id bigint, session_id int, database_name text, status text, start_time timestamp, end_time timestamp, duration bigint, file_format text, compression_type text, unloaded_location text, unloaded_rows bigint, unloaded_files_count bigint, unloaded_files_size bigint, error_message text
sys_userlog: user_id int, user_name char(50), original_user_name char(50), action char(10), has_create_db_privs int, is_superuser int, has_update_catalog_privs int, password_expiration timestamp, session_id int, transaction_id bigint, record_time timestamp
sys_vacuum_history: user_id int, transaction_id bigint, query_id bigint, database_name text, schema_name text, table_name text, table_id int, vacuum_type text, is_automatic boolean, start_time timestamp, end_time timestamp, status text, rows_before_vacuum bigint, size_before_vacuum bigint, reclaimable_rows bigint, reclaimed_rows bigint, reclaimed_blocks bigint, sortedrows_before_vacuum bigint, sortedrows_after_vacuum bigint
pg_external_schema: esoid oid, eskind int, esdbname text, esoptions text
pg_library: name name, language_oid oid, file_store_id int, owner int
$list$, E'\n')
    LOOP
        CONTINUE WHEN line !~ ':';
        name := split_part(line, ':', 1);
        SELECT string_agg(format('NULL::%s AS %I', substr(item, strpos(item, ' ') + 1), split_part(item, ' ', 1)), ', ' ORDER BY place)
          INTO columns FROM regexp_split_to_table(btrim(substr(line, strpos(line, ':') + 1)), ', ') WITH ORDINALITY i (item, place);
        PERFORM pg_internal.define('pg_catalog.' || name, format('SELECT %s WHERE false', columns));
    END LOOP;
END $$;

-- This one server is one node with one slice.
SELECT pg_internal.define('pg_catalog.stv_slices', 'SELECT 0 AS node, 0 AS slice, 0 AS localslice, ''D''::char(1) AS type');
