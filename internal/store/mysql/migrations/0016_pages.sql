-- +goose Up

-- A company's board: how many offers stand in each of its columns is counted in the
-- index alone, and those whose answer waits are found by it, the oldest first. Who
-- waits to be verified is found among all companies.
ALTER TABLE offer ADD INDEX offer_board (company, state, accepted_at, kind, sender, due_at, ends_on), ALGORITHM=INPLACE, LOCK=NONE;
ALTER TABLE company ADD INDEX company_status (status, id), ALGORITHM=INPLACE, LOCK=NONE;
