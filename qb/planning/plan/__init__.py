"""The cheapest plan after which the standard is met, with proof; what a budget, or no money at all, can do; and why."""
