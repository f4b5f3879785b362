-- Alone as the transaction's first statement, so that the snapshot of what follows is taken behind the lock.
LOCK mng.alerts
