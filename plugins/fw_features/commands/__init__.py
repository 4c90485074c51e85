"""`fw features`: look the columns up, write them down, judge them."""
