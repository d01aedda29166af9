-- +goose Up

-- Of what somebody has done by a command: who that was, as far as the machine knows, why, as
-- they have said, and what it changed. NULL: it was done by an account, or by the service.
ALTER TABLE audit
  ADD COLUMN orderer VARCHAR(512),
  ADD COLUMN why VARCHAR(1024),
  ADD COLUMN diff TEXT, ALGORITHM=INSTANT;
