"""The console of roadmaps: the portfolio, and of each its board, plan, gates, money, registers, people and report."""
