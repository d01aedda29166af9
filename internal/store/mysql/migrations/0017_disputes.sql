-- Final pays that both sides of a hire have said are found without reading every
-- deal.
ALTER TABLE dealing ADD INDEX dealing_confirmed (confirmed_pay, said_pay, offer), ALGORITHM=INPLACE, LOCK=NONE;
