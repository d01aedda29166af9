-- +goose Up

-- Final pays that both sides of a hire have said are found without reading every deal.
CREATE INDEX dealing_confirmed ON dealing (confirmed_pay, said_pay, offer);
