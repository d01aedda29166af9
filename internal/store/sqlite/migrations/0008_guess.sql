-- +goose Up

-- How many wrong confirmation codes an account has given on the last day on
-- which it gave one.
CREATE TABLE guess (
  account INTEGER NOT NULL PRIMARY KEY,
  day     INTEGER NOT NULL,
  guesses INTEGER NOT NULL
) WITHOUT ROWID;
