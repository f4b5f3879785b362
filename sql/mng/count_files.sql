SELECT COUNT(*) FROM mng.files
