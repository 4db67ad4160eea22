"""What perf/figures measures: one idea a module."""
