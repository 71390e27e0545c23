"""Official days off and make-up working days, one file per year."""
