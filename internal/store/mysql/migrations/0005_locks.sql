-- How many wrong confirmation codes an account has given on the last day on
-- which it gave one.
CREATE TABLE guess (
  account BIGINT NOT NULL PRIMARY KEY,
  day     INT    NOT NULL,
  guesses INT    NOT NULL
) {table};

-- A row that whoever moves a company into a group writes first: by its lock,
-- groups change one at a time.
INSERT INTO installation (name, value) VALUES ('groups', '');
