-- +goose Up

-- Rehearsals of an installation. Whoever is of one has its key in their row,
-- 0 is for those who are real.
CREATE TABLE trial (
  id         BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid       BINARY(16)    NOT NULL,
  key_hash   VARBINARY(64) NOT NULL,
  account    BIGINT        NOT NULL,
  created_at BIGINT        NOT NULL,
  expires_at BIGINT        NOT NULL,
  UNIQUE KEY trial_uuid (uuid),
  UNIQUE KEY trial_key (key_hash)
) {table};

CREATE TABLE trial_candidate (
  candidate BIGINT NOT NULL PRIMARY KEY,
  trial     BIGINT NOT NULL,
  KEY trial_candidate_trial (trial, candidate)
) {table};

ALTER TABLE candidate ADD COLUMN trial BIGINT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;
ALTER TABLE company ADD COLUMN trial BIGINT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;
