-- +goose Up

-- Why a mail was not accepted when it was last tried, and when that was; where those who
-- get mails of its kind end them.
ALTER TABLE mail
  ADD COLUMN failure VARCHAR(200) NOT NULL DEFAULT '',
  ADD COLUMN failed_at BIGINT,
  ADD COLUMN ends_at VARCHAR(200) NOT NULL DEFAULT '', ALGORITHM=INSTANT;
