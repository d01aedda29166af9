-- +goose Up

-- Who alone may do something, such as walk the log: until when, by the
-- database's clock, and which number fences off those who held it before.
CREATE TABLE lease (
  name       TEXT    NOT NULL PRIMARY KEY,
  holder     TEXT    NOT NULL,
  fence      INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- A row that everything locks that changes the installation itself.
INSERT INTO installation (name, value) VALUES ('lock', '');
