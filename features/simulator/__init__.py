"""An artificial book of receivables whose true probabilities are known."""

from features.simulator.simulate import SimulationSummary, simulate

__all__ = ["SimulationSummary", "simulate"]
