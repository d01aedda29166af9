-- +goose Up

-- What was done to one thing, such as a rule, is found without what else was noted of
-- its company.
ALTER TABLE audit ADD INDEX audit_entity (kind, entity, id), ALGORITHM=INPLACE, LOCK=NONE;
