"""The arithmetic of money: the simulated venue as compiled functions over one account array."""
