-- +goose Up

-- What is known of an offer once its candidate has answered: dates, clocks, the
-- final pay, and what each side has read. owed_on is set while a clock runs.
CREATE TABLE dealing (
  offer          INTEGER NOT NULL PRIMARY KEY,
  date_by        INTEGER,
  hold_by        INTEGER,
  slots          TEXT    NOT NULL,
  proposed_at    INTEGER,
  dated_at       INTEGER,
  agreed         TEXT,
  called_off     INTEGER NOT NULL,
  sequence       INTEGER NOT NULL,
  changed_at     INTEGER,
  held_at        INTEGER,
  ended_at       INTEGER,
  ended_by       TEXT    NOT NULL,
  gone           INTEGER NOT NULL,
  said_pay       INTEGER,
  confirmed_pay  INTEGER,
  reason         TEXT    NOT NULL,
  owed_on        INTEGER,
  candidate_read INTEGER NOT NULL,
  company_read   INTEGER NOT NULL
);
CREATE INDEX dealing_owed ON dealing (owed_on, offer);

-- What the two sides of an offer write to each other, as ciphertext; NULL once
-- its writer is erased.
CREATE TABLE message (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid    BLOB    NOT NULL,
  offer   INTEGER NOT NULL,
  side    TEXT    NOT NULL,
  account INTEGER NOT NULL,
  body    BLOB,
  at      INTEGER NOT NULL
);
CREATE UNIQUE INDEX message_uuid ON message (uuid);
CREATE INDEX message_offer ON message (offer, id, side);

-- Promises that companies broke, each once; set_aside_at is set by an operator.
CREATE TABLE breach (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid         BLOB    NOT NULL,
  offer        INTEGER NOT NULL,
  company      INTEGER NOT NULL,
  promise      TEXT    NOT NULL,
  day          INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  set_aside_at INTEGER,
  set_aside_by INTEGER NOT NULL,
  reason       TEXT    NOT NULL
);
CREATE UNIQUE INDEX breach_uuid ON breach (uuid);
CREATE UNIQUE INDEX breach_once ON breach (offer, promise);
CREATE INDEX breach_company ON breach (company, id);
CREATE INDEX breach_counting ON breach (company, day, set_aside_at);
