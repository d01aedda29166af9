-- The trace of the request that wrote a row (traceparent of W3C Trace Context),
-- so that the process that handles the row can go on with it; NULL: none. No
-- row is rewritten for it.
ALTER TABLE log ADD COLUMN trace VARCHAR(55), ALGORITHM=INSTANT;
