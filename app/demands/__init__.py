"""Technology demands (技术需求): what is sought, solutions to it, and interest in both sides."""
