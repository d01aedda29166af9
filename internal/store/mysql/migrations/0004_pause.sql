-- Times in which nobody could write: what counts how long something took
-- leaves them out.
CREATE TABLE pause (
  id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  began_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL
) {table};
