-- +goose Up

-- The corporate number that a company had claimed, once an operator has freed it for
-- another; 0: it holds the one in number, where it has minus its id from then on.
ALTER TABLE company ADD COLUMN freed BIGINT NOT NULL DEFAULT 0, ALGORITHM=INSTANT;
