-- The first statement of the transaction, so that its snapshot is taken after the lock.
LOCK mng.files
