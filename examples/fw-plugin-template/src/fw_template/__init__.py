"""A breakout strategy for fw."""
