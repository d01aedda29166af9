-- Questions about candidates that members keep, and who has come to match them
-- since; without a time: who did when the question was saved.
CREATE TABLE saved_search (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid       BINARY(16)   NOT NULL,
  version    BIGINT       NOT NULL,
  company    BIGINT       NOT NULL,
  account    BIGINT       NOT NULL,
  name       VARCHAR(255) NOT NULL,
  cond       MEDIUMTEXT   NOT NULL,
  alerts     TINYINT      NOT NULL,
  read_alert BIGINT       NOT NULL,
  told_alert BIGINT       NOT NULL,
  created_at BIGINT       NOT NULL,
  UNIQUE KEY saved_search_uuid (uuid),
  KEY saved_search_account (account, id),
  KEY saved_search_alerts (alerts, id)
) {table};

CREATE TABLE search_alert (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  search    BIGINT NOT NULL,
  candidate BIGINT NOT NULL,
  noted_at  BIGINT,
  UNIQUE KEY search_alert_candidate (candidate, search),
  KEY search_alert_search (search, id)
) {table};
