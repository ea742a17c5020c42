"""Side-by-side benchmarks: they print figures and ratios and assert nothing."""
