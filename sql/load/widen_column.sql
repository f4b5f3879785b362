-- Redshift can only lengthen VARCHAR columns, and only outside a transaction block.
ALTER TABLE {table} ALTER COLUMN {column} TYPE {type}
