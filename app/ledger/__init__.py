"""Money in custody: double-entry accounts, deposits, refunds, and the exchange with the bank."""
