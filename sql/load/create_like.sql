-- The columns of the live table with their types, NOT NULL, defaults and keys, without its rows.
CREATE TABLE {table} (LIKE {live} INCLUDING DEFAULTS)
