-- +goose Up

-- How many wrong confirmation codes an account has given on the last day on
-- which it gave one.
CREATE TABLE guess (
  account INTEGER NOT NULL PRIMARY KEY,
  day     INTEGER NOT NULL,
  guesses INTEGER NOT NULL
) WITHOUT ROWID;

-- A row that whoever moves a company into a group writes first: by its lock,
-- groups change one at a time.
INSERT INTO installation (name, value) VALUES ('groups', '');
