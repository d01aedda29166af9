-- +goose Up

-- The trace of the request that wrote a row (traceparent of W3C Trace Context),
-- so that the process that handles the row can go on with it; NULL: none.
ALTER TABLE log ADD COLUMN trace TEXT;
