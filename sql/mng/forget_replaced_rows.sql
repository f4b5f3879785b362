-- Before the kept rows of an undone load are deleted: the loads that replaced them have replaced fewer rows.
UPDATE mng.files
SET rows_replaced = rows_replaced - gone.row_count
FROM (
    SELECT _replaced_at, COUNT(*) AS row_count
    FROM {kept}
    WHERE _loaded_at = %(loaded_at)s
    GROUP BY _replaced_at
) AS gone
WHERE mng.files.table_name = %(table_name)s AND mng.files.loaded_at = gone._replaced_at
