"""What happens in a run: parts put together, two drivers over one ledger, results and their files."""
