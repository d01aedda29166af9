-- Moments are microseconds since 1970 UTC, days are days since 1970 in Tokyo,
-- uuids are their 16 bytes, documents are JSON text. There are no foreign
-- keys: offers outlive the candidates that they were made to, and every write
-- comes through one store.
--
-- Each statement ends in a semicolon at the end of its line. {table} stands for
-- the engine, the character set and the server's collation that compares code
-- points and counts spaces at the end: it differs between MySQL and MariaDB.

CREATE TABLE installation (
  name  VARCHAR(64) NOT NULL PRIMARY KEY,
  value TEXT        NOT NULL
) {table};

CREATE TABLE log (
  id      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pos     BIGINT,
  kind    VARCHAR(32) NOT NULL,
  entity  BIGINT      NOT NULL,
  version BIGINT      NOT NULL,
  at      BIGINT      NOT NULL,
  UNIQUE KEY log_pos (pos)
) {table};

CREATE TABLE reply (
  id       BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
  scope    VARCHAR(128)   NOT NULL,
  reply_id VARCHAR(255)   NOT NULL,
  digest   VARBINARY(255) NOT NULL,
  status   INT            NOT NULL,
  body     LONGBLOB       NOT NULL,
  at       BIGINT         NOT NULL,
  UNIQUE KEY reply_once (scope, reply_id),
  KEY reply_at (at)
) {table};

CREATE TABLE account (
  id            BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid          BINARY(16)     NOT NULL,
  kind          VARCHAR(32)    NOT NULL,
  sealed        VARBINARY(2048) NOT NULL,
  email_hash    VARBINARY(64)  NOT NULL,
  confirmed_key VARBINARY(128),
  password      VARCHAR(512)   NOT NULL,
  code_hash     VARBINARY(64),
  created_at    BIGINT         NOT NULL,
  UNIQUE KEY account_uuid (uuid),
  UNIQUE KEY account_confirmed (confirmed_key),
  KEY account_email (email_hash, kind)
) {table};

CREATE TABLE session (
  token_hash VARBINARY(64) NOT NULL PRIMARY KEY,
  account    BIGINT        NOT NULL,
  created_at BIGINT        NOT NULL,
  expires_at BIGINT        NOT NULL,
  KEY session_account (account)
) {table};

CREATE TABLE candidate (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid         BINARY(16)  NOT NULL,
  account      BIGINT      NOT NULL,
  version      BIGINT      NOT NULL,
  is_open      TINYINT     NOT NULL,
  confirmed    TINYINT     NOT NULL,
  weekly_limit INT         NOT NULL,
  language     VARCHAR(16) NOT NULL,
  last_active  INT         NOT NULL,
  profile      LONGTEXT    NOT NULL,
  wishes       LONGTEXT    NOT NULL,
  created_at   BIGINT      NOT NULL,
  UNIQUE KEY candidate_uuid (uuid),
  UNIQUE KEY candidate_account (account)
) {table};

CREATE TABLE block (
  candidate BIGINT NOT NULL,
  number    BIGINT NOT NULL,
  PRIMARY KEY (candidate, number)
) {table};

CREATE TABLE employment (
  candidate  BIGINT  NOT NULL,
  number     BIGINT  NOT NULL,
  is_current TINYINT NOT NULL,
  PRIMARY KEY (candidate, number)
) {table};

CREATE TABLE view (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  candidate BIGINT NOT NULL,
  company   BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  KEY view_candidate (candidate, id)
) {table};

CREATE TABLE company (
  id      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid    BINARY(16)  NOT NULL,
  version BIGINT      NOT NULL,
  number  BIGINT      NOT NULL,
  head    BIGINT      NOT NULL,
  name    TEXT        NOT NULL,
  size    INT         NOT NULL,
  status  VARCHAR(32) NOT NULL,
  UNIQUE KEY company_uuid (uuid),
  UNIQUE KEY company_number (number),
  KEY company_head (head, id)
) {table};

CREATE TABLE member (
  account BIGINT      NOT NULL PRIMARY KEY,
  company BIGINT      NOT NULL,
  role    VARCHAR(32) NOT NULL,
  KEY member_company (company)
) {table};

CREATE TABLE preview (
  company  BIGINT        NOT NULL,
  day      INT           NOT NULL,
  question VARBINARY(64) NOT NULL,
  PRIMARY KEY (company, day, question)
) {table};

CREATE TABLE position (
  id                BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid              BINARY(16)  NOT NULL,
  company           BIGINT      NOT NULL,
  version           BIGINT      NOT NULL,
  published_version BIGINT      NOT NULL,
  state             VARCHAR(32) NOT NULL,
  UNIQUE KEY position_uuid (uuid),
  KEY position_company (company, id)
) {table};

CREATE TABLE position_version (
  position BIGINT   NOT NULL,
  version  BIGINT   NOT NULL,
  terms    LONGTEXT NOT NULL,
  PRIMARY KEY (position, version)
) {table};

CREATE TABLE rule (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid         BINARY(16)  NOT NULL,
  version      BIGINT      NOT NULL,
  company      BIGINT      NOT NULL,
  position     BIGINT      NOT NULL,
  kind         VARCHAR(32) NOT NULL,
  must         LONGTEXT    NOT NULL,
  prefer       LONGTEXT    NOT NULL,
  daily_budget INT         NOT NULL,
  total_budget INT         NOT NULL,
  expires      INT         NOT NULL,
  offer_days   INT         NOT NULL,
  age          TEXT,
  state        VARCHAR(32) NOT NULL,
  spent        INT         NOT NULL,
  UNIQUE KEY rule_uuid (uuid),
  KEY rule_company (company, id),
  KEY rule_position (position, id)
) {table};

CREATE TABLE rule_day (
  rule  BIGINT NOT NULL,
  day   INT    NOT NULL,
  spent INT    NOT NULL,
  PRIMARY KEY (rule, day)
) {table};

-- The last columns follow from the others: live_position is the position
-- while the offer is live, auto_position the position once an automatic offer
-- has reached the candidate, ends_on the last day while it can be accepted,
-- accepted_at the answer if that was to accept.
CREATE TABLE offer (
  id               BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid             BINARY(16)  NOT NULL,
  version          BIGINT      NOT NULL,
  candidate        BIGINT      NOT NULL,
  company          BIGINT      NOT NULL,
  rule             BIGINT,
  position         BIGINT      NOT NULL,
  position_version BIGINT      NOT NULL,
  rule_version     BIGINT      NOT NULL,
  candidate_seen   BIGINT      NOT NULL,
  kind             VARCHAR(32) NOT NULL,
  sender           VARCHAR(32) NOT NULL,
  state            VARCHAR(32) NOT NULL,
  score            INT         NOT NULL,
  message          TEXT        NOT NULL,
  sent_at          BIGINT      NOT NULL,
  sent_day         INT         NOT NULL,
  expires_on       INT         NOT NULL,
  answered_at      BIGINT,
  responded_at     BIGINT,
  due_at           BIGINT,
  live_position    BIGINT,
  auto_position    BIGINT,
  ends_on          INT,
  accepted_at      BIGINT,
  UNIQUE KEY offer_uuid (uuid),
  UNIQUE KEY offer_live (candidate, live_position),
  UNIQUE KEY offer_auto (candidate, auto_position),
  UNIQUE KEY offer_pair (rule, candidate),
  KEY offer_candidate (candidate, id),
  KEY offer_taken (candidate, sent_day, auto_position),
  KEY offer_company (company, id),
  KEY offer_position (position, id),
  KEY offer_ending (ends_on),
  KEY offer_due (due_at),
  KEY offer_answers (company, accepted_at, responded_at)
) {table};
