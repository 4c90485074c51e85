"""What authors of plugins test with: the leak contract, a conformance suite per kind of part, made-up markets."""

from fw.testing.features import Leak, feature_contract

__all__ = ["Leak", "feature_contract"]
