-- Who alone may do something, such as walk the log: until when, by the
-- database's clock, and which number fences off those who held it before.
CREATE TABLE lease (
  name       VARCHAR(64)  NOT NULL PRIMARY KEY,
  holder     VARCHAR(64)  NOT NULL,
  fence      BIGINT       NOT NULL,
  expires_at BIGINT       NOT NULL
) {table};

-- A row that everything locks that changes the installation itself.
INSERT INTO installation (name, value) VALUES ('lock', '');
