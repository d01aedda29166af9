-- +goose Up

-- When a candidate last said that an interview was not held; NULL: never.
ALTER TABLE dealing ADD COLUMN denied_at BIGINT, ALGORITHM=INSTANT;
