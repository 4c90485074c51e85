"""strategy.yaml as frozen settings: texts with their places, merged, read by the type wanted, every problem at once."""
