-- How many transactions a session has written, so that it can be seen whether
-- a replica has them all.
ALTER TABLE session ADD COLUMN writes BIGINT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;
