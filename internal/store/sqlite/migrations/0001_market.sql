-- +goose Up

-- Moments are microseconds since 1970 UTC, days are days since 1970 in Tokyo,
-- uuids are their 16 bytes, documents are JSON text. There are no foreign
-- keys: offers outlive the candidates that they were made to, and every write
-- comes through one store. AUTOINCREMENT keeps a key from being used twice
-- after its row is deleted.

CREATE TABLE installation (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE log (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  pos     INTEGER,
  kind    TEXT    NOT NULL,
  entity  INTEGER NOT NULL,
  version INTEGER NOT NULL,
  at      INTEGER NOT NULL
);
CREATE UNIQUE INDEX log_pos ON log (pos);

CREATE TABLE reply (
  scope    TEXT    NOT NULL,
  reply_id TEXT    NOT NULL,
  digest   BLOB    NOT NULL,
  status   INTEGER NOT NULL,
  body     BLOB    NOT NULL,
  at       INTEGER NOT NULL
);
CREATE UNIQUE INDEX reply_once ON reply (scope, reply_id);
CREATE INDEX reply_at ON reply (at);

CREATE TABLE account (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid          BLOB    NOT NULL,
  kind          TEXT    NOT NULL,
  sealed        BLOB    NOT NULL,
  email_hash    BLOB    NOT NULL,
  confirmed_key BLOB,
  password      TEXT    NOT NULL,
  code_hash     BLOB,
  created_at    INTEGER NOT NULL
);
CREATE UNIQUE INDEX account_uuid ON account (uuid);
CREATE UNIQUE INDEX account_confirmed ON account (confirmed_key);
CREATE INDEX account_email ON account (email_hash, kind);

CREATE TABLE session (
  token_hash BLOB    NOT NULL PRIMARY KEY,
  account    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_account ON session (account);

CREATE TABLE candidate (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid         BLOB    NOT NULL,
  account      INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  is_open      INTEGER NOT NULL,
  confirmed    INTEGER NOT NULL,
  weekly_limit INTEGER NOT NULL,
  language     TEXT    NOT NULL,
  last_active  INTEGER NOT NULL,
  profile      TEXT    NOT NULL,
  wishes       TEXT    NOT NULL,
  created_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX candidate_uuid ON candidate (uuid);
CREATE UNIQUE INDEX candidate_account ON candidate (account);

CREATE TABLE block (
  candidate INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  PRIMARY KEY (candidate, number)
) WITHOUT ROWID;

CREATE TABLE employment (
  candidate  INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  is_current INTEGER NOT NULL,
  PRIMARY KEY (candidate, number)
) WITHOUT ROWID;

CREATE TABLE view (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  candidate INTEGER NOT NULL,
  company   INTEGER NOT NULL,
  at        INTEGER NOT NULL
);
CREATE INDEX view_candidate ON view (candidate, id);

CREATE TABLE company (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid    BLOB    NOT NULL,
  version INTEGER NOT NULL,
  number  INTEGER NOT NULL,
  head    INTEGER NOT NULL,
  name    TEXT    NOT NULL,
  size    INTEGER NOT NULL,
  status  TEXT    NOT NULL
);
CREATE UNIQUE INDEX company_uuid ON company (uuid);
CREATE UNIQUE INDEX company_number ON company (number);
CREATE INDEX company_head ON company (head, id);

CREATE TABLE member (
  account INTEGER NOT NULL PRIMARY KEY,
  company INTEGER NOT NULL,
  role    TEXT    NOT NULL
);
CREATE INDEX member_company ON member (company);

CREATE TABLE preview (
  company  INTEGER NOT NULL,
  day      INTEGER NOT NULL,
  question BLOB    NOT NULL,
  PRIMARY KEY (company, day, question)
) WITHOUT ROWID;

CREATE TABLE position (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid              BLOB    NOT NULL,
  company           INTEGER NOT NULL,
  version           INTEGER NOT NULL,
  published_version INTEGER NOT NULL,
  state             TEXT    NOT NULL
);
CREATE UNIQUE INDEX position_uuid ON position (uuid);
CREATE INDEX position_company ON position (company, id);

CREATE TABLE position_version (
  position INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  terms    TEXT    NOT NULL
);
CREATE UNIQUE INDEX position_version_once ON position_version (position, version);

CREATE TABLE rule (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid         BLOB    NOT NULL,
  version      INTEGER NOT NULL,
  company      INTEGER NOT NULL,
  position     INTEGER NOT NULL,
  kind         TEXT    NOT NULL,
  must         TEXT    NOT NULL,
  prefer       TEXT    NOT NULL,
  daily_budget INTEGER NOT NULL,
  total_budget INTEGER NOT NULL,
  expires      INTEGER NOT NULL,
  offer_days   INTEGER NOT NULL,
  age          TEXT,
  state        TEXT    NOT NULL,
  spent        INTEGER NOT NULL
);
CREATE UNIQUE INDEX rule_uuid ON rule (uuid);
CREATE INDEX rule_company ON rule (company, id);
CREATE INDEX rule_position ON rule (position, id);

CREATE TABLE rule_day (
  rule  INTEGER NOT NULL,
  day   INTEGER NOT NULL,
  spent INTEGER NOT NULL,
  PRIMARY KEY (rule, day)
) WITHOUT ROWID;

-- The last columns follow from the others: live_position is the position
-- while the offer is live, auto_position the position once an automatic offer
-- has reached the candidate, ends_on the last day while it can be accepted,
-- accepted_at the answer if that was to accept.
CREATE TABLE offer (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid             BLOB    NOT NULL,
  version          INTEGER NOT NULL,
  candidate        INTEGER NOT NULL,
  company          INTEGER NOT NULL,
  rule             INTEGER,
  position         INTEGER NOT NULL,
  position_version INTEGER NOT NULL,
  rule_version     INTEGER NOT NULL,
  candidate_seen   INTEGER NOT NULL,
  kind             TEXT    NOT NULL,
  sender           TEXT    NOT NULL,
  state            TEXT    NOT NULL,
  score            INTEGER NOT NULL,
  message          TEXT    NOT NULL,
  sent_at          INTEGER NOT NULL,
  sent_day         INTEGER NOT NULL,
  expires_on       INTEGER NOT NULL,
  answered_at      INTEGER,
  responded_at     INTEGER,
  due_at           INTEGER,
  live_position    INTEGER,
  auto_position    INTEGER,
  ends_on          INTEGER,
  accepted_at      INTEGER
);
CREATE UNIQUE INDEX offer_uuid ON offer (uuid);
CREATE UNIQUE INDEX offer_live ON offer (candidate, live_position);
CREATE UNIQUE INDEX offer_auto ON offer (candidate, auto_position);
CREATE UNIQUE INDEX offer_pair ON offer (rule, candidate);
CREATE INDEX offer_candidate ON offer (candidate, id);
CREATE INDEX offer_taken ON offer (candidate, sent_day, auto_position);
CREATE INDEX offer_company ON offer (company, id);
CREATE INDEX offer_position ON offer (position, id);
CREATE INDEX offer_ending ON offer (ends_on);
CREATE INDEX offer_due ON offer (due_at);
CREATE INDEX offer_answers ON offer (company, accepted_at, responded_at);
