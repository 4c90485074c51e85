"""What can be measured of feature columns before any strategy uses them: their shape, their memory, their foresight."""
