"""Profile and options to a Plan. Kept empty: shards import the Plan's values without pydantic."""
