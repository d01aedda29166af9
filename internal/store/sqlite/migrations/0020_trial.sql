-- +goose Up

-- Rehearsals of an installation. Whoever is of one has its key in their row,
-- 0 is for those who are real.
CREATE TABLE trial (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid       BLOB    NOT NULL,
  key_hash   BLOB    NOT NULL,
  account    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX trial_uuid ON trial (uuid);
CREATE UNIQUE INDEX trial_key ON trial (key_hash);

CREATE TABLE trial_candidate (
  candidate INTEGER NOT NULL PRIMARY KEY,
  trial     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX trial_candidate_trial ON trial_candidate (trial, candidate);

ALTER TABLE candidate ADD COLUMN trial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE company ADD COLUMN trial INTEGER NOT NULL DEFAULT 0;
