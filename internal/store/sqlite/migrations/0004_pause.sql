-- +goose Up

-- Times in which nobody could write: what counts how long something took
-- leaves them out.
CREATE TABLE pause (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  began_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL
);
