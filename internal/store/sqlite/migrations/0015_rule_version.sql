-- +goose Up

-- What a rule asked at the versions that are no longer its newest and at which it
-- could send: an offer says for what it came.
CREATE TABLE rule_version (
  rule    INTEGER NOT NULL,
  version INTEGER NOT NULL,
  must    TEXT    NOT NULL,
  PRIMARY KEY (rule, version)
) WITHOUT ROWID;
