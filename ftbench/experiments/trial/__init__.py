"""`ftbench try`: a user's own function in every mode, on several builds."""
