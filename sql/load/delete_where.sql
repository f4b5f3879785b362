DELETE FROM {stage}
WHERE {condition}
