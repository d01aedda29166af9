-- What a new day begins with is found by its day: rules that used up their
-- budget, offers that take no room any more, and those that were accepted lately,
-- of which nobody asks by company. Others read and write meanwhile; a program
-- that does not know the indexes uses them all the same.
ALTER TABLE rule_day ADD INDEX rule_day_day (day), ALGORITHM=INPLACE, LOCK=NONE;
ALTER TABLE offer ADD INDEX offer_sent (sent_day, candidate, auto_position), ALGORITHM=INPLACE, LOCK=NONE;
ALTER TABLE offer ADD INDEX offer_accepted (accepted_at, company, responded_at), DROP INDEX offer_answers, ALGORITHM=INPLACE, LOCK=NONE;
