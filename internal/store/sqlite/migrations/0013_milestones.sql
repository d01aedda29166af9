-- +goose Up

-- When an offer first came as far: opened, a date fixed, the interview held. NULL: it
-- did not, or that was before it was noted. What a company sent since a day is found
-- by it.
ALTER TABLE offer ADD COLUMN seen_at INTEGER;
ALTER TABLE offer ADD COLUMN scheduled_at INTEGER;
ALTER TABLE offer ADD COLUMN held_at INTEGER;
CREATE INDEX offer_company_day ON offer (company, sent_day);
