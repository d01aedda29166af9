-- +goose Up

-- Questions about candidates that members keep, and who has come to match them
-- since; without a time: who did when the question was saved.
CREATE TABLE saved_search (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid       BLOB    NOT NULL,
  version    INTEGER NOT NULL,
  company    INTEGER NOT NULL,
  account    INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  cond       TEXT    NOT NULL,
  alerts     INTEGER NOT NULL,
  read_alert INTEGER NOT NULL,
  told_alert INTEGER NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX saved_search_uuid ON saved_search (uuid);
CREATE INDEX saved_search_account ON saved_search (account, id);
CREATE INDEX saved_search_alerts ON saved_search (alerts, id);

CREATE TABLE search_alert (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  search    INTEGER NOT NULL,
  candidate INTEGER NOT NULL,
  noted_at  INTEGER
);
CREATE UNIQUE INDEX search_alert_candidate ON search_alert (candidate, search);
CREATE INDEX search_alert_search ON search_alert (search, id);
