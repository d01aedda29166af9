-- +goose Up

-- What a rule had used of its budget when the day began on which it last used any:
-- what visitors are told of it does not move with those who sign up.
ALTER TABLE rule ADD COLUMN spent_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule ADD COLUMN spent_before INTEGER NOT NULL DEFAULT 0;

-- What people received in the last 180 days, as it is told to visitors: editions,
-- their cells, and the people whom the newest counts together.
CREATE TABLE past_edition (
  shown_from INTEGER NOT NULL PRIMARY KEY,
  until      INTEGER NOT NULL
);

CREATE TABLE past_cell (
  shown_from INTEGER         NOT NULL,
  name       TEXT NOT NULL,
  doc        TEXT        NOT NULL,
  PRIMARY KEY (shown_from, name)
);

CREATE TABLE past_atom (
  name TEXT NOT NULL PRIMARY KEY,
  doc  TEXT  NOT NULL
);
