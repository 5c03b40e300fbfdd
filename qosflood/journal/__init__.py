"""The records of a run and the directory that holds them. Kept empty: shards import the records
without what reads and writes files."""
