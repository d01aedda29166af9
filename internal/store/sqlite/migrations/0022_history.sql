-- +goose Up

-- What was done to one thing, such as a rule, is found without what else was noted of
-- its company.
CREATE INDEX audit_entity ON audit (kind, entity, id);
