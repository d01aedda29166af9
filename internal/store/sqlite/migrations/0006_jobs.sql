-- +goose Up

-- How far each batch job has come, and what its runs did.
CREATE TABLE job (
  name       TEXT NOT NULL PRIMARY KEY,
  checkpoint TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE job_run (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  outcome    TEXT    NOT NULL,
  examined   INTEGER NOT NULL,
  changed    INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  error      TEXT    NOT NULL
);
CREATE INDEX job_run_name ON job_run (name, id);
CREATE INDEX job_run_started ON job_run (started_at);

-- Statistics: figures of a company (0: of all) and a day (0: not of a day), and
-- what each row of the market counts as in them.
CREATE TABLE stat_day (
  company INTEGER NOT NULL,
  day     INTEGER NOT NULL,
  figure  TEXT    NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (company, day, figure)
) WITHOUT ROWID;

CREATE TABLE stat_item (
  kind    TEXT    NOT NULL,
  entity  INTEGER NOT NULL,
  company INTEGER NOT NULL,
  day     INTEGER NOT NULL,
  figure  TEXT    NOT NULL,
  PRIMARY KEY (kind, entity)
) WITHOUT ROWID;

-- Offers that their candidates have not opened; waiting is the candidate until
-- a digest has told of it.
CREATE TABLE digest (
  offer     INTEGER NOT NULL PRIMARY KEY,
  candidate INTEGER NOT NULL,
  waiting   INTEGER
);
CREATE INDEX digest_waiting ON digest (waiting, offer);

-- Mails to be sent and that were sent; due_at is set while one is to be tried.
CREATE TABLE mail (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account    INTEGER NOT NULL,
  address    BLOB    NOT NULL,
  subject    TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  due_at     INTEGER,
  sent_at    INTEGER,
  tries      INTEGER NOT NULL
);
CREATE INDEX mail_due ON mail (due_at);
CREATE INDEX mail_created ON mail (created_at);
CREATE INDEX mail_account ON mail (account);

-- What ends or grows old is found by when it does.
CREATE INDEX rule_ending ON rule (state, expires);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX view_at ON view (at);
CREATE INDEX preview_day ON preview (day);
