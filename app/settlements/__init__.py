"""Settlements: income of achievements and its distribution, tax estimates, benefits at risk."""
