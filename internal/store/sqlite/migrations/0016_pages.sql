-- +goose Up

-- A company's board: how many offers stand in each of its columns is counted in the
-- index alone, and those whose answer waits are found by it, the oldest first. Who
-- waits to be verified is found among all companies.
CREATE INDEX offer_board ON offer (company, state, accepted_at, kind, sender, due_at, ends_on);
CREATE INDEX company_status ON company (status, id);
