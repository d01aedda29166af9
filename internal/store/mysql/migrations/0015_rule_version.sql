-- +goose Up

-- What a rule asked at the versions that are no longer its newest and at which it
-- could send: an offer says for what it came.
CREATE TABLE rule_version (
  rule    BIGINT   NOT NULL,
  version BIGINT   NOT NULL,
  must    LONGTEXT NOT NULL,
  PRIMARY KEY (rule, version)
) {table};
