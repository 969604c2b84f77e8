"""What judges a claim, wherever its figures come from: cells, their ratios, the rule, the words."""
