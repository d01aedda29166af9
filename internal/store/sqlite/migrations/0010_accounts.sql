-- +goose Up

-- Accounts that people use in pages: the language that somebody chose, ways back
-- in by mail, invitations, the tokens of machines, and what operators decided.
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT '';

CREATE TABLE reset (
  token_hash BLOB    NOT NULL PRIMARY KEY,
  account    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX reset_account ON reset (account);
CREATE INDEX reset_expires ON reset (expires_at);

CREATE TABLE invitation (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid       BLOB    NOT NULL,
  company    INTEGER NOT NULL,
  role       TEXT    NOT NULL,
  sealed     BLOB    NOT NULL,
  email_hash BLOB    NOT NULL,
  token_hash BLOB    NOT NULL,
  mails      INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX invitation_uuid ON invitation (uuid);
CREATE UNIQUE INDEX invitation_token ON invitation (token_hash);
CREATE UNIQUE INDEX invitation_address ON invitation (company, email_hash);
CREATE INDEX invitation_expires ON invitation (expires_at);

CREATE TABLE company_token (
  account    INTEGER NOT NULL PRIMARY KEY,
  company    INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  used       INTEGER NOT NULL
);
CREATE INDEX company_token_company ON company_token (company);

CREATE TABLE decision (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  company INTEGER NOT NULL,
  account INTEGER NOT NULL,
  status  TEXT    NOT NULL,
  reason  TEXT    NOT NULL,
  at      INTEGER NOT NULL
);
CREATE INDEX decision_company ON decision (company, id);

-- Scouts of a company: how many it may send in a month, if an operator has said so,
-- and how many it has sent.
CREATE TABLE scout_quota (
  company INTEGER NOT NULL PRIMARY KEY,
  quota   INTEGER NOT NULL
);

CREATE TABLE scout_month (
  company INTEGER NOT NULL,
  month   INTEGER NOT NULL,
  used    INTEGER NOT NULL,
  PRIMARY KEY (company, month)
) WITHOUT ROWID;

-- What was done by whom, to be added to alone: the triggers refuse anything else.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  account INTEGER NOT NULL,
  company INTEGER NOT NULL,
  what    TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  entity  INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  digest  BLOB
);
CREATE INDEX audit_company ON audit (company, id);
CREATE INDEX audit_what ON audit (what, id);
CREATE INDEX audit_account ON audit (account, id);

-- +goose StatementBegin
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is only added to');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is only added to');
END;
-- +goose StatementEnd

-- REPLACE removes a row without the trigger of DELETE.
-- +goose StatementBegin
CREATE TRIGGER audit_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) BEGIN
  SELECT RAISE(ABORT, 'the audit log is only added to');
END;
-- +goose StatementEnd
