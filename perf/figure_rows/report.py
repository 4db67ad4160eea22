"""How a figure ends: one line, and the exit status that says the same."""

PASS, MISSED, SKIPPED = 0, 1, 77


def last_line(goal, value=None, skipped=None, missed=None):
    """(text, exit status) of `NAME VALUE UNIT goal GOAL pass|miss` or `NAME - UNIT goal GOAL skip (reason)`."""
    if skipped is not None:
        return f"{goal.name} - {goal.unit} goal {goal.goal_text()} skip ({skipped})", SKIPPED
    if missed is not None:
        return f"{goal.name} - {goal.unit} goal {goal.goal_text()} miss ({missed})", MISSED
    met = goal.met_by(value)
    return f"{goal.name} {value:.4g} {goal.unit} goal {goal.goal_text()} {'pass' if met else 'miss'}", PASS if met else MISSED


def as_object(goal, value, text, status):
    return {"name": goal.name, "value": value, "unit": goal.unit, "goal": goal.goal, "at_least": goal.at_least,
            "outcome": {PASS: "pass", MISSED: "miss", SKIPPED: "skip"}[status], "line": text}
