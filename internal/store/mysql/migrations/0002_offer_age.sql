-- The age condition that an offer came under, as JSON text: what was sent stays
-- as it was, whatever becomes of the rule.
ALTER TABLE offer ADD COLUMN age TEXT;

UPDATE offer JOIN rule ON rule.id = offer.rule SET offer.age = rule.age;
