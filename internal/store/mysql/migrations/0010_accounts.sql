-- Accounts that people use in pages: the language that somebody chose, ways back
-- in by mail, invitations, the tokens of machines, and what operators decided.
ALTER TABLE account ADD COLUMN language VARCHAR(16) NOT NULL DEFAULT '', ALGORITHM=INSTANT;

CREATE TABLE reset (
  token_hash VARBINARY(64) NOT NULL PRIMARY KEY,
  account    BIGINT        NOT NULL,
  expires_at BIGINT        NOT NULL,
  KEY reset_account (account),
  KEY reset_expires (expires_at)
) {table};

CREATE TABLE invitation (
  id         BIGINT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid       BINARY(16)      NOT NULL,
  company    BIGINT          NOT NULL,
  role       VARCHAR(32)     NOT NULL,
  sealed     VARBINARY(2048) NOT NULL,
  email_hash VARBINARY(64)   NOT NULL,
  token_hash VARBINARY(64)   NOT NULL,
  mails      INT             NOT NULL,
  created_at BIGINT          NOT NULL,
  expires_at BIGINT          NOT NULL,
  UNIQUE KEY invitation_uuid (uuid),
  UNIQUE KEY invitation_token (token_hash),
  UNIQUE KEY invitation_address (company, email_hash),
  KEY invitation_expires (expires_at)
) {table};

CREATE TABLE company_token (
  account    BIGINT       NOT NULL PRIMARY KEY,
  company    BIGINT       NOT NULL,
  name       VARCHAR(255) NOT NULL,
  created_at BIGINT       NOT NULL,
  used       INT          NOT NULL,
  KEY company_token_company (company)
) {table};

CREATE TABLE decision (
  id      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  company BIGINT      NOT NULL,
  account BIGINT      NOT NULL,
  status  VARCHAR(32) NOT NULL,
  reason  TEXT        NOT NULL,
  at      BIGINT      NOT NULL,
  KEY decision_company (company, id)
) {table};

-- Scouts of a company: how many it may send in a month, if an operator has said so,
-- and how many it has sent.
CREATE TABLE scout_quota (
  company BIGINT NOT NULL PRIMARY KEY,
  quota   INT    NOT NULL
) {table};

CREATE TABLE scout_month (
  company BIGINT NOT NULL,
  month   INT    NOT NULL,
  used    INT    NOT NULL,
  PRIMARY KEY (company, month)
) {table};

-- What was done by whom, to be added to alone: the triggers refuse anything else.
-- A server with a binary log lets a user make triggers only if it is told to trust
-- them; where it is not, the program alone keeps from changing a row.
CREATE TABLE audit (
  id      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at      BIGINT      NOT NULL,
  account BIGINT      NOT NULL,
  company BIGINT      NOT NULL,
  what    VARCHAR(32) NOT NULL,
  kind    VARCHAR(32) NOT NULL,
  entity  BIGINT      NOT NULL,
  n       BIGINT      NOT NULL,
  digest  VARBINARY(64),
  KEY audit_company (company, id),
  KEY audit_what (what, id),
  KEY audit_account (account, id)
) {table};

CREATE TRIGGER audit_update BEFORE UPDATE ON audit FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit log is only added to';

CREATE TRIGGER audit_delete BEFORE DELETE ON audit FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit log is only added to';
