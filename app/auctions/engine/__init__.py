"""One engine for every auction format, without I/O.

`profiles.PROFILES` are the formats as data, `terms.rules_of` checks the numbers of one auction,
`core.start` gives its first state, `core.step` the answer to one event, `decide.result` what it
comes to. The same events in the same order always give the same answers (rules.md 5.5, I-9).
"""
