"""Technology contracts (技术合同): text, signatures, changes."""
