-- How far each batch job has come, and what its runs did.
CREATE TABLE job (
  name       VARCHAR(64) NOT NULL PRIMARY KEY,
  checkpoint TEXT        NOT NULL
) {table};

CREATE TABLE job_run (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name       VARCHAR(64) NOT NULL,
  started_at BIGINT      NOT NULL,
  ended_at   BIGINT,
  outcome    VARCHAR(32) NOT NULL,
  examined   BIGINT      NOT NULL,
  changed    BIGINT      NOT NULL,
  bytes      BIGINT      NOT NULL,
  error      TEXT        NOT NULL,
  KEY job_run_name (name, id),
  KEY job_run_started (started_at)
) {table};

-- Statistics: figures of a company (0: of all) and a day (0: not of a day), and
-- what each row of the market counts as in them.
CREATE TABLE stat_day (
  company BIGINT      NOT NULL,
  day     INT         NOT NULL,
  figure  VARCHAR(32) NOT NULL,
  n       BIGINT      NOT NULL,
  PRIMARY KEY (company, day, figure)
) {table};

CREATE TABLE stat_item (
  kind    VARCHAR(32) NOT NULL,
  entity  BIGINT      NOT NULL,
  company BIGINT      NOT NULL,
  day     INT         NOT NULL,
  figure  VARCHAR(32) NOT NULL,
  PRIMARY KEY (kind, entity)
) {table};

-- Offers that their candidates have not opened; waiting is the candidate until
-- a digest has told of it.
CREATE TABLE digest (
  offer     BIGINT NOT NULL PRIMARY KEY,
  candidate BIGINT NOT NULL,
  waiting   BIGINT,
  KEY digest_waiting (waiting, offer)
) {table};

-- Mails to be sent and that were sent; due_at is set while one is to be tried.
CREATE TABLE mail (
  id         BIGINT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account    BIGINT          NOT NULL,
  address    VARBINARY(2048) NOT NULL,
  subject    TEXT            NOT NULL,
  body       MEDIUMBLOB      NOT NULL,
  created_at BIGINT          NOT NULL,
  due_at     BIGINT,
  sent_at    BIGINT,
  tries      INT             NOT NULL,
  KEY mail_due (due_at),
  KEY mail_created (created_at),
  KEY mail_account (account)
) {table};

-- What ends or grows old is found by when it does.
CREATE INDEX rule_ending ON rule (state, expires);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX view_at ON view (at);
CREATE INDEX preview_day ON preview (day);
