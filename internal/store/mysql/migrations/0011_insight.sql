-- What a rule had used of its budget when the day began on which it last used any:
-- what visitors are told of it does not move with those who sign up.
ALTER TABLE rule ADD COLUMN spent_day INT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;
ALTER TABLE rule ADD COLUMN spent_before INT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;

-- What people received in the last 180 days, as it is told to visitors: editions,
-- their cells, and the people whom the newest counts together.
CREATE TABLE past_edition (
  shown_from INT NOT NULL PRIMARY KEY,
  until      INT NOT NULL
) {table};

CREATE TABLE past_cell (
  shown_from INT         NOT NULL,
  name       VARCHAR(64) NOT NULL,
  doc        TEXT        NOT NULL,
  PRIMARY KEY (shown_from, name)
) {table};

CREATE TABLE past_atom (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  doc  MEDIUMTEXT  NOT NULL
) {table};
