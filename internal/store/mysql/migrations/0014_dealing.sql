-- What is known of an offer once its candidate has answered: dates, clocks, the
-- final pay, and what each side has read. owed_on is set while a clock runs.
CREATE TABLE dealing (
  offer          BIGINT      NOT NULL PRIMARY KEY,
  date_by        INT,
  hold_by        INT,
  slots          TEXT        NOT NULL,
  proposed_at    BIGINT,
  dated_at       BIGINT,
  agreed         TEXT,
  called_off     TINYINT     NOT NULL,
  sequence       INT         NOT NULL,
  changed_at     BIGINT,
  held_at        BIGINT,
  ended_at       BIGINT,
  ended_by       VARCHAR(32) NOT NULL,
  gone           TINYINT     NOT NULL,
  said_pay       INT,
  confirmed_pay  INT,
  reason         VARCHAR(32) NOT NULL,
  owed_on        INT,
  candidate_read BIGINT      NOT NULL,
  company_read   BIGINT      NOT NULL,
  KEY dealing_owed (owed_on, offer)
) {table};

-- What the two sides of an offer write to each other, as ciphertext; NULL once
-- its writer is erased.
CREATE TABLE message (
  id      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid    BINARY(16)  NOT NULL,
  offer   BIGINT      NOT NULL,
  side    VARCHAR(32) NOT NULL,
  account BIGINT      NOT NULL,
  body    BLOB,
  at      BIGINT      NOT NULL,
  UNIQUE KEY message_uuid (uuid),
  KEY message_offer (offer, id, side)
) {table};

-- Promises that companies broke, each once; set_aside_at is set by an operator.
CREATE TABLE breach (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid         BINARY(16)  NOT NULL,
  offer        BIGINT      NOT NULL,
  company      BIGINT      NOT NULL,
  promise      VARCHAR(32) NOT NULL,
  day          INT         NOT NULL,
  at           BIGINT      NOT NULL,
  set_aside_at BIGINT,
  set_aside_by BIGINT      NOT NULL,
  reason       TEXT        NOT NULL,
  UNIQUE KEY breach_uuid (uuid),
  UNIQUE KEY breach_once (offer, promise),
  KEY breach_company (company, id),
  KEY breach_counting (company, day, set_aside_at)
) {table};
