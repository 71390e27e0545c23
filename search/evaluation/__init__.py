"""Quality of rankings on judged queries."""
