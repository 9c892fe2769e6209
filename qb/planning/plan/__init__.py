"""The cheapest dataset that passes, with proof; what a budget, or no money at all, can do; and why."""
