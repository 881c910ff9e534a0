"""Results -> result: what several measurements say together (Arrhenius law, series, audits)."""
