"""Achievements (成果) and packages (成果包): what is owned, and the proof of it."""
