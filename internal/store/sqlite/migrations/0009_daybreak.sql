-- +goose Up

-- What a new day begins with is found by its day: rules that used up their
-- budget, offers that take no room any more, and those that were accepted lately,
-- of which nobody asks by company.
CREATE INDEX rule_day_day ON rule_day (day);
CREATE INDEX offer_sent ON offer (sent_day, candidate, auto_position);
CREATE INDEX offer_accepted ON offer (accepted_at, company, responded_at);
DROP INDEX offer_answers;
