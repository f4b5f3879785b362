-- Redshift lengthens a VARCHAR in place, outside any transaction block, and changes no other type.
ALTER TABLE {table} ALTER COLUMN {column} TYPE {type}
