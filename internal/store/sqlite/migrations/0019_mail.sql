-- +goose Up

-- Why a mail was not accepted when it was last tried, and when that was; where those who
-- get mails of its kind end them.
ALTER TABLE mail ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE mail ADD COLUMN failed_at INTEGER;
ALTER TABLE mail ADD COLUMN ends_at TEXT NOT NULL DEFAULT '';
