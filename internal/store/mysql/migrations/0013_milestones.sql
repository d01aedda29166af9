-- When an offer first came as far: opened, a date fixed, the interview held. NULL: it
-- did not, or that was before it was noted. What a company sent since a day is found
-- by it.
ALTER TABLE offer ADD COLUMN seen_at BIGINT, ADD COLUMN scheduled_at BIGINT, ADD COLUMN held_at BIGINT, ALGORITHM=INSTANT;
ALTER TABLE offer ADD INDEX offer_company_day (company, sent_day), ALGORITHM=INPLACE, LOCK=NONE;
